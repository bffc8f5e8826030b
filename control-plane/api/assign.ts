// Issues a site's next document: pure decision (fleet), signature (director), one transaction, then the site is told.
// Called by the route of desired documents.
import { isDigest } from '../../daemon/content-files.ts';
import { documentBounds, parseRelease } from '../../proto/document.ts';
import { TreError } from '../../proto/errors.ts';
import type { ParameterValue } from '../../proto/parameter.ts';
import { type ChainPosition, desiredLifeMs, nextDesired } from '../fleet/next-desired.ts';
import { type ContactRow, heldBy } from '../store/contacts.ts';
import type { DesiredRow } from '../store/desired.ts';
import type { ReleaseRow } from '../store/releases.ts';
import type { SiteRow } from '../store/sites.ts';
import type { ApiDeps } from './deps.ts';
import { timeText } from './fields.ts';

export interface Assignment {
  readonly site: SiteRow;
  readonly release: ReleaseRow;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly who: string;
  readonly why: string | null;
  /** Of a rollback: the document whose release and parameters these are. */
  readonly backTo?: { readonly epoch: number; readonly generation: number };
}

/** The new document. Throws TreError when there cannot be one. */
export async function assign(deps: ApiDeps, assignment: Assignment): Promise<DesiredRow> {
  const { site, release } = assignment;
  if (!isDigest(release.digest)) throw new TreError('INTERNAL', 'a stored digest is not one');
  const manifest = parseRelease(await deps.content.get(release.digest));
  const row = deps.store.transaction(() => issue(deps, assignment, manifest));
  deps.signals.wake(site.id);
  return row;
}

function issue(deps: ApiDeps, assignment: Assignment, manifest: ReturnType<typeof parseRelease>): DesiredRow {
  const { store, director, clock } = deps;
  const { site, release, parameters, who, why, backTo } = assignment;
  if (store.sites.find(site.id)?.revokedAtMs !== null) throw new TreError('SITE_REVOKED');
  const contact = store.contacts.find(site.id);
  const epoch = store.settings.epoch();
  const previous = previousFor(store.desired.latest(site.id) ?? null, contact, epoch);
  const issuedAtMs = clock.now();
  const next = nextDesired({
    siteId: site.id,
    clusterUid: contact?.clusterUid ?? null,
    epoch,
    previous,
    release: manifest,
    releaseDigest: release.digest,
    parameters,
    issuedAt: timeText(issuedAtMs),
    notAfter: timeText(issuedAtMs + desiredLifeMs),
  });
  if (!next.ok) throw new TreError(next.code, next.why);
  const { generation } = next.desired;
  const { envelope, payloadDigest, payloadBytes } = director.sign(next.desired);
  // No site would accept it, nor ever a later document, for each one leads through this one.
  if (payloadBytes > documentBounds.maxDesiredBytes)
    throw new TreError('DOCUMENT_TOO_LARGE', `With these parameters it has ${payloadBytes} bytes.`);
  const row: DesiredRow = {
    siteId: site.id,
    epoch,
    generation,
    digest: payloadDigest,
    previous: next.desired.previous,
    releaseDigest: release.digest,
    envelope,
    issuedAtMs,
    issuedBy: who,
    why,
    backToEpoch: backTo?.epoch ?? null,
    backToGeneration: backTo?.generation ?? null,
  };
  store.desired.add(row);
  const what = backTo === undefined ? 'site.assign' : 'site.rollback';
  store.audit.append({ atMs: issuedAtMs, who, what, subject: site.id, why, digest: payloadDigest });
  const news = { kind: 'assigned', epoch, generation, release: next.desired.release, who } as const;
  store.events.add({ siteId: site.id, atMs: issuedAtMs, news });
  return row;
}

/**
 * What the new document follows: the newest one here; but when the site holds something that we do not know (we were
 * restored from an old backup), what it holds, and only after the epoch was raised above that on purpose.
 */
function previousFor(
  latest: ChainPosition | null,
  contact: ContactRow | undefined,
  epoch: number,
): ChainPosition | null {
  const problem = contact?.problem;
  if (problem !== 'EPOCH_LOWER' && problem !== 'GENERATION_LOWER' && problem !== 'CHAIN_BROKEN')
    return latest;
  const held = heldBy(contact);
  if (held === null || held.epoch >= epoch) throw new TreError(problem);
  return latest?.epoch === epoch ? latest : held;
}
