// What is known about a site, put together for people. Nothing here judges: applied, drifted and conditions are the
// site's own words, each with its age. Called by the routes of sites and of desired documents.

import { isDigest } from '../../daemon/content-files.ts';
import { isDaemonError } from '../../daemon/errors.ts';
import { conditions, isConditionCode } from '../../proto/conditions.ts';
import { parseDesired, parseRelease, type Release } from '../../proto/document.ts';
import { decodeEnvelope } from '../../proto/envelope.ts';
import { errors, isErrorCode } from '../../proto/errors.ts';
import { contactClass } from '../fleet/staleness.ts';
import { type ContactRow, heldBy } from '../store/contacts.ts';
import type { DesiredRow } from '../store/desired.ts';
import type { StateRow } from '../store/reports.ts';
import type { ObjectFact } from '../store/site-report.ts';
import type { SiteRow } from '../store/sites.ts';
import type { Store } from '../store/store.ts';
import type { ApiDeps } from './deps.ts';
import { timeOrNull, timeText } from './fields.ts';
import type { DesiredView, SiteDetail, SiteView } from './site-schema.ts';

type ViewDeps = Pick<ApiDeps, 'store' | 'clock' | 'signals' | 'content'>;

const shownRefusals = 10;

export function siteView(deps: ViewDeps, site: SiteRow): SiteView {
  const { store } = deps;
  const contact = store.contacts.find(site.id);
  const latest = store.desired.latest(site.id);
  const state = store.reports.state(site.id);
  return {
    id: site.id,
    name: site.name,
    createdAt: timeText(site.createdAtMs),
    revokedAt: timeOrNull(site.revokedAtMs),
    joined: store.devices.current(site.id) !== undefined,
    waiting: store.enrolments.pending(site.id).map((one) => ({
      requestId: one.id,
      fingerprint: one.fingerprint,
      requestedAt: timeText(one.createdAtMs),
    })),
    contact: contactView(deps, site, contact),
    problem: problemView(contact),
    desired: latest === undefined ? null : desiredView(latest),
    held: heldBy(contact),
    refused: refusedView(contact),
    state: state === undefined ? null : stateView(store, state),
  };
}

export async function siteDetail(deps: ViewDeps, site: SiteRow): Promise<SiteDetail> {
  const { store } = deps;
  const state = store.reports.state(site.id)?.state;
  const facts = state?.objects ?? [];
  const working = state?.releases.offered ?? state?.releases.running ?? null;
  const manifests = new Map<string, Release | undefined>();
  for (const digest of new Set(facts.map((fact) => fact.releaseDigest || working))) {
    if (digest !== null) manifests.set(digest, await releaseAt(deps, digest));
  }
  return {
    ...siteView(deps, site),
    objects: facts.map((fact) => objectView(fact, fact.releaseDigest || working, manifests)),
    refusals: store.events.latest(site.id, 'refusal', shownRefusals).flatMap((event) => {
      if (event.kind !== 'refusal') return [];
      const { epoch, generation, code } = event;
      return [
        {
          ...words(code),
          epoch,
          generation,
          at: timeText(event.atMs),
          receivedAt: timeText(event.receivedAtMs),
        },
      ];
    }),
  };
}

/** A stored document, as people read it. */
export function desiredView(row: DesiredRow): DesiredView {
  const { epoch, generation, release, parameters, issuedAt, notAfter } = parseDesired(
    decodeEnvelope(row.envelope).payload,
  );
  return {
    epoch,
    generation,
    release: { ...release },
    parameters: { ...parameters },
    digest: row.digest,
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

function contactView(deps: ViewDeps, site: SiteRow, contact: ContactRow | undefined): SiteView['contact'] {
  const leafNotAfterMs = deps.store.devices.leafNotAfter(site.id);
  const lastContactMs = contact?.lastContactMs ?? null;
  return {
    class: contactClass({ lastContactMs, leafNotAfterMs }, deps.clock.now()),
    connected: deps.signals.isConnected(site.id),
    lastAt: timeOrNull(lastContactMs),
    certificateExpiresAt: timeOrNull(leafNotAfterMs),
    agentVersion: contact?.agentVersion ?? null,
    clusterUid: contact?.clusterUid ?? null,
  };
}

function problemView(contact: ContactRow | undefined): SiteView['problem'] {
  if (!contact?.problem) return null;
  return { ...words(contact.problem), since: timeText(contact.problemSinceMs ?? 0) };
}

function refusedView(contact: ContactRow | undefined): SiteView['refused'] {
  if (!contact?.refusedCode) return null;
  return { ...words(contact.refusedCode), generation: contact.refusedGeneration ?? 0 };
}

function stateView(store: Store, { receivedAtMs, state }: StateRow): NonNullable<SiteView['state']> {
  const { epoch, generation, applied, drifted, objectsWanted, objectsApplied, releases } = state;
  const release = (digest: string | null) => {
    const row = digest === null ? undefined : store.releases.findByDigest(digest);
    return row === undefined ? null : { name: row.name, version: row.version, digest: row.digest };
  };
  return {
    observedAt: timeText(state.observedAtMs),
    receivedAt: timeText(receivedAtMs),
    epoch,
    generation,
    applied,
    drifted,
    objectsWanted,
    objectsApplied,
    releases: {
      offered: release(releases.offered),
      running: release(releases.running),
      lastHealthy: release(releases.lastHealthy),
      quarantined: release(releases.quarantined),
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

function objectView(
  fact: ObjectFact,
  releaseDigest: string | null,
  manifests: ReadonlyMap<string, Release | undefined>,
) {
  const found = releaseDigest === null ? undefined : manifests.get(releaseDigest)?.objects[fact.index];
  const object = found && {
    group: found.group,
    kind: found.kind,
    namespace: found.namespace,
    name: found.name,
  };
  return { ...words(fact.code), index: fact.index, releaseDigest, object: object ?? null };
}

async function releaseAt({ content }: ViewDeps, digest: string): Promise<Release | undefined> {
  if (!isDigest(digest)) return undefined;
  try {
    return parseRelease(await content.get(digest));
  } catch (error) {
    if (isDaemonError(error, 'content-missing', 'content-mismatch')) return undefined;
    throw error;
  }
}
