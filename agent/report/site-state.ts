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

export interface StateFacts {
  readonly run: SeenRun;
  readonly wanted: Wanted | null;
  readonly conditions: readonly HeldCondition[];
  readonly releases: ReadonlyMap<ReleaseRole, KnownRelease>;
  /** Of the last look that the cluster answered. */
  readonly appliedCount: number;
  readonly kubernetesVersion: string;
}

/** A message stays far below its limit of 64 KiB; how many there are in all stands in the conditions. */
const maxObjects = 400;

/** The row of the outbox; its digest covers everything but the time of the look. */
export function stateReport(facts: StateFacts): StateReport {
  const state = siteState(facts);
  const encoded = (observedAtMs: bigint) =>
    toBinary(
      ReportBodySchema,
      create(ReportBodySchema, { body: { case: 'state', value: { ...state, observedAtMs } } }),
    );
  return { key: 'site', digest: digestOf(encoded(0n)), body: encoded(BigInt(facts.run.observed.now)) };
}

function siteState({
  run,
  wanted,
  conditions,
  releases,
  appliedCount,
  kubernetesVersion,
}: StateFacts): MessageInitShape<typeof SiteStateSchema> {
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
    kubernetesVersion,
  };
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
