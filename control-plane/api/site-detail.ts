// All that is known about one site: besides its view in the list, the objects by name, the history, what was refused,
// and the machine. Names of objects come from the signed release here; the site sends only their places.
// Called by the routes of sites.
import { parseDesired, type Release } from '../../proto/document.ts';
import { decodeEnvelope } from '../../proto/envelope.ts';
import { healthReasons } from '../../proto/health-reasons.ts';
import { hardwareFacts, measures } from '../../proto/measures.ts';
import type { HardwareFacts, HostFacts } from '../fleet/site-report.ts';
import type { DesiredRow } from '../store/desired.ts';
import type { FleetRow } from '../store/fleet-rows.ts';
import type { Received } from '../store/reports.ts';
import { timeText } from './fields.ts';
import { releaseAt } from './release-lookup.ts';
import type { SiteDetail } from './site-schema.ts';
import { type SiteViews, type ViewDeps, words, workingRelease } from './site-view.ts';

const shownRefusals = 10;
const shownHistory = 20;

export async function siteDetail(deps: ViewDeps, views: SiteViews, row: FleetRow): Promise<SiteDetail> {
  const { store } = deps;
  const { id } = row.site;
  const working = workingRelease(deps, row);
  const { objects = [], health = [] } = row.known?.state ?? {};
  const manifests = new Map<string, Release | undefined>();
  for (const digest of new Set([...objects, ...health].map((fact) => fact.releaseDigest || working)))
    if (digest !== null) manifests.set(digest, await releaseAt(deps, digest));
  const objectAt = ({ releaseDigest, index }: { releaseDigest: string; index: number }) => {
    const found = manifests.get(releaseDigest || (working ?? ''))?.objects[index];
    if (found === undefined) return null;
    const { group, kind, namespace, name } = found;
    return { group, kind, namespace, name };
  };
  return {
    ...(await views.one(row)),
    objects: objects.map((fact) => ({
      ...words(fact.code),
      index: fact.index,
      releaseDigest: fact.releaseDigest || working,
      object: objectAt(fact),
    })),
    unhealthy: health.map((fact) => {
      const { status, text, next } = healthReasons[fact.reason];
      return {
        reason: fact.reason,
        status,
        text,
        next,
        since: timeText(fact.sinceMs),
        object: objectAt(fact),
      };
    }),
    history: store.desired.history(id, shownHistory).map(historyRow),
    host: hostView(store.reports.host(id)),
    hardware: hardwareView(store.reports.hardware(id)),
    refusals: refusalsOf(deps, row),
  };
}

/** Those that stand: taking a document settles what was refused before it, up to that document. */
function refusalsOf({ store }: ViewDeps, { site, contact }: FleetRow): SiteDetail['refusals'] {
  if (!contact?.refusedCode) return [];
  const { refusedCode, refusedGeneration, heldEpoch, heldGeneration } = contact;
  return store.events.latest(site.id, 'refusal', shownRefusals).flatMap(({ atMs, news }, at) => {
    if (news.kind !== 'refusal') return [];
    const { code, epoch, generation } = news;
    const held = heldEpoch ?? 0;
    const isLater = epoch > held || (epoch === held && generation > (heldGeneration ?? 0));
    const isLast = at === 0 && generation === refusedGeneration && code === refusedCode;
    if (!isLast && !isLater) return [];
    return [{ ...words(code), epoch, generation, at: timeText(news.atMs), receivedAt: timeText(atMs) }];
  });
}

function historyRow({ epoch, generation, envelope, issuedAtMs, issuedBy, why }: DesiredRow) {
  const { release } = parseDesired(decodeEnvelope(envelope).payload);
  return { epoch, generation, release: { ...release }, issuedAt: timeText(issuedAtMs), issuedBy, why };
}

function hostView(host: Received<HostFacts> | undefined): SiteDetail['host'] {
  if (host === undefined) return null;
  return {
    observedAt: timeText(host.facts.observedAtMs),
    receivedAt: timeText(host.receivedAtMs),
    measures: host.facts.measures.map((one) => ({ ...one, ...measures[one.name] })),
  };
}

function hardwareView(hardware: Received<HardwareFacts> | undefined): SiteDetail['hardware'] {
  if (hardware === undefined) return null;
  return {
    observedAt: timeText(hardware.facts.observedAtMs),
    receivedAt: timeText(hardware.receivedAtMs),
    facts: hardware.facts.facts.map((one) => ({ ...one, text: hardwareFacts[one.name].text })),
  };
}
