// What is known about a site, put together for people. Applied, drifted and conditions are the site's own words, each
// with its age; how the site is, `verdict` alone says. Called by the routes of sites and of desired documents.
import { conditions, isConditionCode } from '../../proto/conditions.ts';
import { parseDesired } from '../../proto/document.ts';
import { decodeEnvelope } from '../../proto/envelope.ts';
import { errors, isErrorCode } from '../../proto/errors.ts';
import type { SiteState } from '../fleet/site-report.ts';
import type { KnownState } from '../fleet/verdict.ts';
import { stockOf } from '../news/stock.ts';
import { type ContactRow, heldBy } from '../store/contacts.ts';
import type { DesiredRow } from '../store/desired.ts';
import type { FleetRow } from '../store/fleet-rows.ts';
import type { ApiDeps } from './deps.ts';
import { timeOrNull, timeText } from './fields.ts';
import { type ComponentNames, componentNames } from './release-lookup.ts';
import type { DesiredView, SiteView } from './site-schema.ts';

export type ViewDeps = Pick<ApiDeps, 'store' | 'clock' | 'signals' | 'content'>;

/** Makes views of sites; keeps what never changes: the components of releases and the text of documents. */
export interface SiteViews {
  list(rows: readonly FleetRow[]): Promise<readonly SiteView[]>;
  one(row: FleetRow): Promise<SiteView>;
}

const keptDocuments = 16_384;

export function siteViews(deps: ViewDeps): SiteViews {
  const names = componentNames(deps);
  const documents = new Map<string, DesiredView>();
  const desired = ({ digest, envelope }: Pick<DesiredRow, 'digest' | 'envelope'>): DesiredView => {
    const known = documents.get(digest) ?? desiredView({ digest, envelope });
    documents.set(digest, known);
    const [oldest] = documents.keys();
    if (documents.size > keptDocuments && oldest !== undefined) documents.delete(oldest);
    return known;
  };
  const list = async (rows: readonly FleetRow[]): Promise<readonly SiteView[]> => {
    const working = new Map(rows.map((row) => [row, workingRelease(deps, row)]));
    await names.learn([...working.values()].flatMap((digest) => digest ?? []));
    const releases = releaseLookup(deps);
    return rows.map((row) => {
      const digest = working.get(row) ?? null;
      return siteView(deps, row, {
        desired: row.desired === null ? null : desired(row.desired),
        state: row.known && stateView(row.known, { digest, names, releases }),
      });
    });
  };
  return {
    list,
    one: async (row) => {
      const [view] = await list([row]);
      if (view === undefined) throw new TypeError('one row gives one view');
      return view;
    },
  };
}

/** Digest of the release that the site works towards, which its indexes are of; null while that is not known. */
export function workingRelease(
  { store }: Pick<ViewDeps, 'store'>,
  { site, known, desired }: FleetRow,
): string | null {
  if (known === null) return null;
  const { epoch, generation, releases } = known.state;
  if (desired?.epoch === epoch && desired.generation === generation) return desired.releaseDigest;
  return store.desired.releaseOf(site.id, known.state) ?? releases.offered ?? releases.running;
}

function siteView(
  { clock, signals }: ViewDeps,
  row: FleetRow,
  made: Pick<SiteView, 'desired' | 'state'>,
): SiteView {
  const { site, labels, contact } = row;
  const { contact: contactClass, verdict } = stockOf(row, clock.now());
  const { word, isNews, asOfMs, text } = verdict;
  return {
    id: site.id,
    name: site.name,
    labels,
    createdAt: timeText(site.createdAtMs),
    revokedAt: timeOrNull(site.revokedAtMs),
    joined: row.hasMachine,
    waiting: row.waiting.map((one) => ({
      requestId: one.id,
      fingerprint: one.fingerprint,
      requestedAt: timeText(one.createdAtMs),
    })),
    verdict: { word, isNews, asOf: timeOrNull(asOfMs), text },
    contact: {
      class: contactClass,
      connected: signals.isConnected(site.id),
      lastAt: timeOrNull(contact?.lastContactMs),
      certificateExpiresAt: timeOrNull(row.leafNotAfterMs),
      agentVersion: contact?.agentVersion ?? null,
      clusterUid: contact?.clusterUid ?? null,
    },
    problem: problemView(contact),
    held: heldBy(contact),
    refused: refusedView(contact),
    ...made,
  };
}

/** A stored document, as people read it. */
export function desiredView({ digest, envelope }: Pick<DesiredRow, 'digest' | 'envelope'>): DesiredView {
  const { epoch, generation, release, parameters, issuedAt, notAfter } = parseDesired(
    decodeEnvelope(envelope).payload,
  );
  return {
    epoch,
    generation,
    release: { ...release },
    parameters: { ...parameters },
    digest,
    issuedAt,
    notAfter,
  };
}

/** Sentence and next step of a code of either list. */
export function words(code: string): { code: string; text: string; next: string } {
  if (isErrorCode(code)) return { code, text: errors[code].text, next: errors[code].next };
  if (isConditionCode(code)) return { code, text: conditions[code].text, next: conditions[code].next };
  return { code, text: '', next: '' };
}

function problemView(contact: ContactRow | undefined): SiteView['problem'] {
  if (!contact?.problem) return null;
  return { ...words(contact.problem), since: timeText(contact.problemSinceMs ?? 0) };
}

function refusedView(contact: ContactRow | undefined): SiteView['refused'] {
  if (!contact?.refusedCode) return null;
  return { ...words(contact.refusedCode), generation: contact.refusedGeneration ?? 0 };
}

type ReleaseLookup = (digest: string | null) => { name: string; version: string; digest: string } | null;

/** Asks the store once for each. */
function releaseLookup({ store }: ViewDeps): ReleaseLookup {
  const known = new Map<string, ReturnType<ReleaseLookup>>();
  return (digest) => {
    if (digest === null) return null;
    const row = known.has(digest) ? undefined : store.releases.findByDigest(digest);
    if (!known.has(digest))
      known.set(digest, row === undefined ? null : { name: row.name, version: row.version, digest });
    return known.get(digest) ?? null;
  };
}

function stateView(
  { receivedAtMs, state }: KnownState,
  look: { digest: string | null; names: ComponentNames; releases: ReleaseLookup },
): NonNullable<SiteView['state']> {
  const { epoch, generation, applied, drifted, healthy, objectsWanted, objectsApplied, hold } = state;
  const names = look.digest === null ? [] : look.names.of(look.digest);
  const { offered, running, lastHealthy, quarantined } = state.releases;
  return {
    observedAt: timeText(state.observedAtMs),
    receivedAt: timeText(receivedAtMs),
    epoch,
    generation,
    applied,
    drifted,
    healthy,
    healthObservedAt: state.healthObservedAtMs === 0 ? null : timeText(state.healthObservedAtMs),
    objectsWanted,
    objectsApplied,
    components: state.components.map(({ index, ...facts }) => ({
      name: names[index] ?? `component ${index + 1}`,
      ...facts,
    })),
    hold: hold && { since: timeText(hold.sinceMs), until: timeText(hold.untilMs) },
    isolation: isolationView(state),
    releases: {
      offered: look.releases(offered),
      running: look.releases(running),
      lastHealthy: look.releases(lastHealthy),
      quarantined: look.releases(quarantined),
    },
    conditions: state.conditions.map(({ code, sinceMs, count }) => ({
      ...words(code),
      severity: conditions[code].severity,
      since: timeText(sinceMs),
      count,
    })),
    kubernetesVersion: state.kubernetesVersion || null,
  };
}

function isolationView({ isolation }: SiteState): NonNullable<SiteView['state']>['isolation'] {
  if (isolation === null) return null;
  const { networkPolicy, checkedAtMs } = isolation;
  return { networkPolicy, checkedAt: checkedAtMs === 0 ? null : timeText(checkedAtMs) };
}
