// The state of the site as one message: what is wanted, what is applied, what stands in the way. PURE.
// Objects are named by their place in the signed release, everything else by codes, counts, digests and times.
// Called by reporter.ts after each run.
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { digestOf } from '../../proto/envelope.ts';
import { ReportBodySchema, type SiteStateSchema } from '../../proto/gen/tre/v1/sync_pb.ts';
import type { Wanted } from '../plan/world.ts';
import type { KnownRelease, ReleaseRole } from '../store/desired.ts';
import type { StateReport } from '../store/outbox.ts';
import { type HeldCondition, placeOf, type SeenRun, wantedPlaces } from './seen.ts';
import type { SideFacts } from './side-facts.ts';

export interface StateFacts {
  readonly run: SeenRun;
  readonly wanted: Wanted | null;
  readonly conditions: readonly HeldCondition[];
  readonly releases: ReadonlyMap<ReleaseRole, KnownRelease>;
  /** Of the last look that the cluster answered. */
  readonly appliedCount: number;
  readonly kubernetesVersion: string;
  /** Objects that are wanted and not in place, and those about to be repaired, when the cluster last answered. */
  readonly notInPlace: ReadonlySet<string>;
  readonly repairing: ReadonlySet<string>;
  /** Its health is of the wanted document, or absent. */
  readonly side: SideFacts;
}

/** What the API server calls its version leaves only when it looks like one. */
const versionForm = /^v\d+\.\d+\.\d+([.+-][\w.+-]{0,40})?$/;
/** A message stays far below its limit of 64 KiB; how many there are in all stands in the conditions. */
const maxObjects = 400;

/** The row of the outbox; its digest covers everything but the time of the look. */
export function stateReport(facts: StateFacts): StateReport {
  const state = siteState(facts);
  const encoded = (observedAtMs: number, healthObservedAtMs: number) => {
    const times = { observedAtMs: BigInt(observedAtMs), healthObservedAtMs: BigInt(healthObservedAtMs) };
    const value = { ...state, ...times };
    return toBinary(ReportBodySchema, create(ReportBodySchema, { body: { case: 'state', value } }));
  };
  const body = encoded(facts.run.observed.now, facts.side.health?.observedAtMs ?? 0);
  return { key: 'site', digest: digestOf(encoded(0, 0)), body };
}

function siteState(facts: StateFacts): MessageInitShape<typeof SiteStateSchema> {
  const { run, wanted, conditions, releases, appliedCount, kubernetesVersion, side } = facts;
  const digest = (role: ReleaseRole) => releases.get(role)?.digest ?? '';
  return {
    epoch: wanted?.epoch ?? 0,
    generation: wanted?.generation ?? 0,
    applied: run.plan.applied,
    drifted: run.plan.drifted,
    releases: {
      offered: digest('offered'),
      running: digest('running'),
      lastHealthy: digest('last-healthy'),
      quarantined: digest('quarantined'),
    },
    conditions: conditions.map(({ code, count, sinceMs }) => ({ code, count, sinceMs: BigInt(sinceMs) })),
    objects: objectFacts(run, wanted),
    objectsWanted: wanted?.objects.length ?? 0,
    objectsApplied: appliedCount,
    kubernetesVersion: versionForm.test(kubernetesVersion) ? kubernetesVersion : '',
    healthy: side.health?.healthy ?? false,
    health: healthFacts(side),
    components: componentFacts(facts),
    ...(side.hold !== undefined && {
      hold: { sinceMs: BigInt(side.hold.sinceMs), untilMs: BigInt(side.hold.untilMs) },
    }),
    ...(side.isolation !== undefined && {
      isolation: {
        networkPolicy: side.isolation.networkPolicy,
        checkedAtMs: BigInt(side.isolation.checkedAtMs ?? 0),
      },
    }),
  };
}

/** Failed ones first: what is cut off matters less. */
function healthFacts({ health }: SideFacts) {
  const order = ['failed', 'unknown', 'terminating', 'in-progress'];
  return (health?.objects ?? [])
    .flatMap(({ reason, index, sinceMs, status }) =>
      reason === null ? [] : [{ reason, index, sinceMs: BigInt(sinceMs), status }],
    )
    .toSorted((one, other) => order.indexOf(one.status) - order.indexOf(other.status))
    .slice(0, maxObjects)
    .map(({ reason, index, sinceMs }) => ({ reason, index, sinceMs }));
}

/** One per component of the wanted release, by its place there. */
function componentFacts({ wanted, notInPlace, repairing, side: { health } }: StateFacts) {
  const current = new Set(
    (health?.objects ?? []).filter(({ status }) => status === 'current').map(({ id }) => id),
  );
  const objects = Map.groupBy(wanted?.objects ?? [], ({ component }) => component);
  return (wanted?.components ?? []).map((name, index) => {
    const own = objects.get(name) ?? [];
    return {
      index,
      applied: !own.some(({ id }) => notInPlace.has(id)),
      healthy: own.every(({ id }) => current.has(id)),
      drifted: own.some(({ id }) => repairing.has(id)),
      objects: own.length,
    };
  });
}

/** Objects that wait, then objects that are kept; each by the place at which a release lists it. */
function objectFacts({ plan, observed }: SeenRun, wanted: Wanted | null) {
  const places = wantedPlaces(wanted);
  const waiting = plan.waiting.flatMap(({ id, code }) => {
    const place = placeOf(id, places, observed);
    return place === undefined ? [] : [{ ...place, code }];
  });
  const kept = [...observed.inventory.values()]
    .filter((row) => row.kept)
    .map(({ releaseDigest, index }) => ({ releaseDigest, index, code: 'ObjectKept' }));
  return [...waiting, ...kept].slice(0, maxObjects);
}
