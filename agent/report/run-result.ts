// What one run of the reconciler did, counted. PURE. Runs that changed nothing and failed at nothing are no news.
// Called by reporter.ts, which journals the counts and queues the message.
import { create, toBinary } from '@bufbuild/protobuf';
import { ReportBodySchema } from '../../proto/gen/tre/v1/sync_pb.ts';
import type { Step, StepResult } from '../plan/step.ts';
import type { Wanted } from '../plan/world.ts';
import type { Run } from '../store/journal.ts';
import { placeOf, type SeenRun, wantedPlaces } from './seen.ts';

const maxFailures = 20;

/** The counts of a run, or undefined when there is nothing to tell. */
export function countRun(
  { results, startedAtMs, endedAtMs }: SeenRun,
  wanted: Wanted | null,
): Run | undefined {
  const count = (fits: (result: StepResult) => boolean) => results.filter(fits).length;
  const run = {
    startedAtMs,
    endedAtMs,
    generation: wanted?.generation ?? 0,
    applied: count(({ ok, step }) => ok && step.kind === 'apply' && step.reason !== 'repair'),
    repaired: count(({ ok, step }) => ok && step.kind === 'apply' && step.reason === 'repair'),
    deleted: count(({ ok, step }) => ok && step.kind === 'delete'),
    failed: count(({ ok }) => !ok),
  };
  return run.applied + run.repaired + run.deleted + run.failed > 0 ? run : undefined;
}

/** The encoded message: the counts, and the first failures by place and code. */
export function runReport(run: Run, seen: SeenRun, wanted: Wanted | null): Uint8Array {
  const places = wantedPlaces(wanted);
  const failures = seen.results.flatMap((result) => {
    const id = result.ok ? undefined : idOf(result.step);
    const place = id === undefined ? undefined : placeOf(id, places, seen.observed);
    return result.ok || place === undefined ? [] : [{ ...place, code: result.code }];
  });
  const { startedAtMs, endedAtMs, ...counts } = run;
  const value = {
    ...counts,
    startedAtMs: BigInt(startedAtMs),
    endedAtMs: BigInt(endedAtMs),
    failures: failures.slice(0, maxFailures),
  };
  return toBinary(ReportBodySchema, create(ReportBodySchema, { body: { case: 'run', value } }));
}

/** The object that a step is about; undefined for a step about many. */
export function idOf(step: Step): string | undefined {
  if (step.kind === 'intend') return undefined;
  return 'object' in step ? step.object.id : step.id;
}
