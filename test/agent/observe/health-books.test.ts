// What is said of the health of a site: since when, what a change of ours and a silent cluster do to it, and when a
// container that crash-looped counts again.
import test, { type ExecutionContext } from 'ava';
import type { HealthSnapshot } from '../../../agent/health/snapshot.ts';
import { because, current, type Verdict } from '../../../agent/health/verdict.ts';
import { createHealthBooks } from '../../../agent/observe/health-books.ts';
import { nextGapMs, nextLookMs } from '../../../agent/observe/health-pace.ts';
import type { Wanted } from '../../../agent/plan/world.ts';
import { openStore } from '../../../agent/store/store.ts';
import { thing, wanted } from '../../support/planner-world.ts';
import { scratch } from '../../support/scratch.ts';

const web = thing('Deployment lab/web');
const settings = thing('ConfigMap lab/settings');
const site: Wanted = wanted([web, settings]);

async function books(t: ExecutionContext, folder = scratch(t)) {
  const store = await openStore(folder, 'boot', 0);
  const kept = createHealthBooks(store.objectHealth);
  const close = () => store[Symbol.asyncDispose]();
  const enter = (
    observedAtMs: number,
    verdict: Verdict,
    release = site,
    nodes: HealthSnapshot['nodes'] = [],
  ) =>
    kept.enter({
      wanted: release,
      verdicts: new Map(release.objects.map(({ id }) => [id, id === web.id ? verdict : current])),
      nodes,
      observedAtMs,
    });
  const say = () => {
    const found = kept.snapshot()?.objects.find(({ id }) => id === web.id);
    return [kept.snapshot()?.healthy, found?.reason ?? found?.status, found?.sinceMs];
  };
  return { ...kept, enter, say, close };
}

test('since when is kept while it is the same, and over restarts', async (t) => {
  const folder = scratch(t);
  const first = await books(t, folder);
  t.true(first.enter(1_000, because('LessReady', 'one')));
  t.true(first.enter(2_000, because('LessReady', 'two')), 'other words are news');
  t.false(first.enter(3_000, because('LessReady', 'two')));
  t.deepEqual(first.say(), [false, 'LessReady', 1_000]);
  await first.close();
  const second = await books(t, folder);
  t.is(second.snapshot(), undefined);
  second.enter(9_000, because('LessReady'));
  t.deepEqual(second.say(), [false, 'LessReady', 1_000]);
  t.true(second.enter(10_000, current));
  t.deepEqual(second.say(), [true, 'current', 10_000]);
  await second.close();
});

test('what was said of an object last is known, also by the next process', async (t) => {
  const folder = scratch(t);
  const first = await books(t, folder);
  t.deepEqual([first.wasCurrent(web.id), first.reasonOf(web.id)], [false, null]);
  first.enter(1_000, because('LessReady'));
  t.deepEqual([first.wasCurrent(web.id), first.reasonOf(web.id)], [false, 'LessReady']);
  t.deepEqual([first.wasCurrent(settings.id), first.reasonOf(settings.id)], [true, null]);
  await first.close();
  const second = await books(t, folder);
  t.deepEqual([second.wasCurrent(settings.id), second.reasonOf(web.id)], [true, 'LessReady']);
  await second.close();
});

test('an object that is no longer wanted is forgotten', async (t) => {
  const kept = await books(t);
  kept.enter(1_000, because('LessReady'));
  kept.enter(2_000, current, wanted([settings]));
  kept.enter(3_000, because('LessReady'));
  t.deepEqual(kept.say(), [false, 'LessReady', 3_000]);
  await kept.close();
});

test('what we change is not healthy until it was looked at again', async (t) => {
  const kept = await books(t);
  kept.enter(1_000, current);
  kept.touch(new Set(['/ConfigMap/else/where']), 2_000);
  t.deepEqual(kept.say(), [true, 'current', 1_000]);
  kept.touch(new Set([web.id]), 2_000);
  t.deepEqual(kept.say(), [false, 'NotYetObserved', 2_000]);
  t.is(
    kept.snapshot()?.objects.find(({ id }) => id === settings.id)?.status,
    'current',
    'of others it stays',
  );
  kept.enter(2_500, because('LessReady'));
  kept.touch(new Set([web.id]), 2_600);
  t.deepEqual(kept.say(), [false, 'LessReady', 2_500], 'what is wrong stays wrong');
  kept.enter(3_000, current);
  t.deepEqual(kept.say(), [true, 'current', 3_000]);
  await kept.close();
});

test('a cluster that is silent is unknown, with the time of its last answer; since when comes back with it', async (t) => {
  const kept = await books(t);
  kept.enter(1_000, because('JobFailed'));
  t.true(kept.lose(site, 5_000, 'no answer'));
  t.false(kept.lose(site, 5_000, 'no answer'));
  t.deepEqual(kept.say(), [false, 'NotLookedAt', 5_000]);
  t.is(kept.snapshot()?.observedAtMs, 1_000);
  kept.enter(60_000, because('JobFailed'));
  t.deepEqual(kept.say(), [false, 'JobFailed', 1_000]);
  await kept.close();
});

test('a node in trouble is not well because nobody can ask any more', async (t) => {
  const kept = await books(t);
  const nodes = [{ code: 'NodeNotReady', node: 'n', detail: '' }] as const;
  kept.enter(1_000, current, site, nodes);
  kept.lose(site, 5_000, 'no answer');
  t.deepEqual(kept.snapshot()?.nodes, nodes);
  kept.enter(9_000, current);
  t.deepEqual(kept.snapshot()?.nodes, []);
  await kept.close();
});

test('what may not be seen for a while has not ended', async (t) => {
  const kept = await books(t);
  kept.enter(1_000, because('JobFailed'));
  kept.enter(2_000, because('MayNotLook'));
  kept.enter(3_000, because('MayNotLook'));
  t.deepEqual(kept.say(), [false, 'MayNotLook', 2_000]);
  kept.enter(4_000, because('JobFailed'));
  t.deepEqual(kept.say(), [false, 'JobFailed', 1_000]);
  await kept.close();
});

test('what crash-looped is better when it has been so for ten seconds', async (t) => {
  const kept = await books(t);
  kept.enter(1_000, because('ContainerCrashLooping'));
  t.is(kept.untilMs(), null);
  kept.enter(2_000, current);
  t.deepEqual(kept.say(), [false, 'ContainerCrashLooping', 1_000]);
  t.is(kept.untilMs(), 12_000);
  kept.enter(11_000, because('ContainerCrashLooping'));
  kept.enter(13_000, current);
  t.deepEqual(kept.say(), [false, 'ContainerCrashLooping', 1_000], 'counted from anew');
  kept.enter(23_000, current);
  t.deepEqual(kept.say(), [true, 'current', 23_000]);
  t.is(kept.untilMs(), null);
  await kept.close();
});

test('a Job that is complete does not crash-loop for another moment', async (t) => {
  const kept = await books(t);
  const release = wanted([{ ...thing('Job lab/once'), id: web.id }]);
  kept.enter(1_000, because('ContainerCrashLooping'), release);
  kept.enter(2_000, because('JobInProgress'), release);
  t.deepEqual(kept.say(), [false, 'ContainerCrashLooping', 1_000], 'it may again');
  kept.enter(3_000, current, release);
  t.deepEqual(kept.say(), [true, 'current', 3_000]);
  t.is(kept.untilMs(), null);
  await kept.close();
});

test('a clock that is set back does not make ten seconds longer', async (t) => {
  const kept = await books(t);
  kept.enter(3_600_000, because('ContainerCrashLooping'));
  kept.enter(3_601_000, current);
  kept.enter(5_000, current);
  t.is(kept.untilMs(), 15_000);
  kept.enter(15_000, current);
  t.deepEqual(kept.say(), [true, 'current', 15_000]);
  await kept.close();
});

test('what is no longer looked at asks for no look', async (t) => {
  const kept = await books(t);
  const leave: readonly (() => unknown)[] = [
    () => kept.enter(3_000, current, wanted([settings])),
    () => kept.lose(site, 3_000, 'no answer'),
    () => kept.clear(),
  ];
  for (const go of leave) {
    kept.enter(1_000, because('ContainerCrashLooping'));
    kept.enter(2_000, current);
    t.is(kept.untilMs(), 12_000);
    go();
    t.is(kept.untilMs(), null);
  }
  await kept.close();
});

test('a site of which nothing is wanted has no health', async (t) => {
  const kept = await books(t);
  kept.enter(1_000, current);
  kept.clear();
  t.is(kept.snapshot(), undefined);
  await kept.close();
});

test('the next look: at the time that changes something, soon when nobody tells, else rarely', (t) => {
  const quiet = { nowMs: 100_000, untilMs: null, isAllCurrent: true, isWatched: true };
  t.is(nextLookMs(quiet), 30_000);
  t.is(nextLookMs({ ...quiet, untilMs: 107_000 }), 7_050);
  t.is(nextLookMs({ ...quiet, untilMs: 90_000 }), 1_000, 'never at once');
  t.is(nextLookMs({ ...quiet, untilMs: 900_000 }), 30_000);
  t.is(nextLookMs({ ...quiet, isWatched: false }), 30_000);
  t.is(nextLookMs({ ...quiet, isWatched: false, isAllCurrent: false }), 5_000);
});

test('looks that find nothing new come less often, and never less than the bar of five seconds allows', (t) => {
  let gapMs = nextGapMs(1_000, true);
  t.is(gapMs, 1_000);
  for (let round = 0; round < 10; round += 1) gapMs = nextGapMs(gapMs, false);
  t.is(gapMs, 2_500);
  t.is(nextGapMs(gapMs, true), 1_000);
});
