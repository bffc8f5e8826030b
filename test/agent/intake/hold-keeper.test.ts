// A hold over its life: bounds, its own end, an end that came while no agent ran, and what becomes of what it kept out.
// The store is a real one, the time is the test's own.
import test, { type ExecutionContext } from 'ava';
import { type HoldKeeper, keepHold } from '../../../agent/intake/hold-keeper.ts';
import { type AgentStore, openStore } from '../../../agent/store/store.ts';
import { DaemonError } from '../../../daemon/errors.ts';
import { silentLog } from '../../../daemon/log.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

async function stage(t: ExecutionContext) {
  const store = await openStore(scratch(t), 'boot', 0);
  const clock = manualClock();
  const changes: boolean[] = [];
  const start = (): HoldKeeper => {
    const onChange = ({ isOpen }: { readonly isOpen: boolean }) => void changes.push(isOpen);
    const keeper = keepHold({ store, clock, log: silentLog, onChange });
    t.teardown(() => keeper[Symbol.asyncDispose]());
    return keeper;
  };
  t.teardown(() => store[Symbol.asyncDispose]());
  return { store, clock, changes, start };
}

function refuse(store: AgentStore, code: 'SITE_HELD' | 'RELEASE_UNDER_SIGNED'): boolean {
  return store.journal.addRefusal({ atMs: 1, epoch: 1, generation: 3, code, documentDigest: 'sha256:x' });
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a hold is for a minute to thirty days, and for a reason', async (t) => {
  const { store, clock, start } = await stage(t);
  const keeper = start();
  for (const forMs of [0, 59_999, 30 * dayMs + 1, Number.NaN, -1])
    t.throws(() => keeper.hold(forMs, 'why'), { message: /HOLD_INVALID/ });
  for (const why of ['', ' \n', 'x'.repeat(501)])
    t.throws(() => keeper.hold(hourMs, why), { message: /HOLD_INVALID/ });
  t.is(store.holds.current(clock.now()), undefined);
  for (const forMs of [60_000, 30 * dayMs]) t.is(keeper.hold(forMs, ' why ').untilMs, clock.now() + forMs);
  t.is(store.holds.current(clock.now())?.why, 'why');
});

test('releasing it settles what it refused, and nothing else', async (t) => {
  const { store, changes, start } = await stage(t);
  const keeper = start();
  t.throws(() => keeper.release(), { message: /NOT_HELD/ });
  keeper.hold(hourMs, 'why');
  refuse(store, 'RELEASE_UNDER_SIGNED');
  refuse(store, 'SITE_HELD');
  keeper.release();
  t.is(store.journal.openRefusal()?.code, 'RELEASE_UNDER_SIGNED');
  t.deepEqual(changes, [false, true]);
  t.throws(() => keeper.release(), { message: /NOT_HELD/ });
});

test('it ends by itself at its time', async (t) => {
  const { store, clock, changes, start } = await stage(t);
  const keeper = start();
  keeper.hold(hourMs, 'why');
  refuse(store, 'SITE_HELD');
  await settled();
  for (let minutes = 0; minutes < 59; minutes += 1) await clock.advance(60_000);
  t.not(store.journal.openRefusal(), undefined);
  await clock.advance(60_000);
  await settled();
  t.is(store.journal.openRefusal(), undefined);
  t.deepEqual(changes, [false, true]);
});

/** Its hold of eight hours ends eight hours after it began, in the time that passes, and is said to do so. */
const jump = test.macro({
  async exec(t: ExecutionContext, afterMs: number, byMs: number) {
    const { store, clock, changes, start } = await stage(t);
    const keeper = start();
    keeper.hold(8 * hourMs, 'why');
    refuse(store, 'SITE_HELD');
    await clock.advance(afterMs);
    clock.jump(byMs);
    await clock.advance(1_000);
    const leftMs = 8 * hourMs - afterMs - 1_000;
    t.like(store.holds.current(clock.now()), { untilMs: clock.now() + leftMs, why: 'why' });
    t.deepEqual(changes, [false, false], 'both ends show the new time');
    await clock.advance(leftMs - 1);
    t.not(store.journal.openRefusal(), undefined);
    await clock.advance(1);
    t.is(store.journal.openRefusal(), undefined);
    t.deepEqual(changes, [false, false, true]);
  },
  title: (title) => `a clock that is set makes no hold longer or shorter: ${title}`,
});
test('back behind its beginning', jump, 60_000, -400 * dayMs);
test('back, and not behind its beginning', jump, 7 * hourMs, -6.9 * hourMs);
test('forward', jump, hourMs, 3 * hourMs);
test('forward beyond its end', jump, hourMs, 9 * hourMs);

test('a clock that is only drawn to the right time says nothing new', async (t) => {
  const { clock, changes, start } = await stage(t);
  start().hold(hourMs, 'why');
  for (let seconds = 0; seconds < 20; seconds += 1) {
    clock.jump(-40);
    await clock.advance(1_000);
  }
  t.deepEqual(changes, [false]);
});

test('a hold can be released, and made anew, right after the clock was set beyond its end', async (t) => {
  const { store, clock, start } = await stage(t);
  const keeper = start();
  for (const byMs of [9 * hourMs, -9 * hourMs]) {
    keeper.hold(8 * hourMs, 'why');
    await settled();
    clock.jump(byMs);
    t.is(keeper.hold(8 * hourMs, 'why').untilMs, clock.now() + 8 * hourMs);
    await clock.advance(2_000);
    t.is(store.holds.current(clock.now())?.untilMs, clock.now() + 8 * hourMs - 2_000);
    clock.jump(byMs);
    t.notThrows(() => keeper.release());
    await settled();
    t.is(store.holds.current(clock.now()), undefined);
  }
});

test('a clock that was set back while no agent ran: never more than the whole length from the start', async (t) => {
  const { store, clock, changes, start } = await stage(t);
  store.holds.set({ sinceMs: clock.now() + dayMs, untilMs: clock.now() + dayMs + hourMs, why: 'why' });
  start();
  t.like(store.holds.current(clock.now()), { sinceMs: clock.now(), untilMs: clock.now() + hourMs });
  t.deepEqual(changes, [false]);
  await clock.advance(hourMs);
  t.is(store.holds.current(clock.now()), undefined);
});

test('an end that cannot be written down is tried again', async (t) => {
  const { store, clock } = await stage(t);
  store.holds.set({ sinceMs: clock.now() - hourMs, untilMs: clock.now() - 1, why: 'why' });
  refuse(store, 'SITE_HELD');
  let isFull = true;
  const clear = (): boolean => {
    if (isFull) throw new DaemonError('disk-full', 'no space left');
    return store.holds.clear();
  };
  const full = { ...store, holds: { ...store.holds, clear } };
  const keeper = keepHold({ store: full, clock, log: silentLog, onChange: () => undefined });
  t.teardown(() => keeper[Symbol.asyncDispose]());
  for (let seconds = 0; seconds < 60; seconds += 10) await clock.advance(10_000);
  t.not(store.journal.openRefusal(), undefined);
  isFull = false;
  for (let seconds = 0; seconds < 60; seconds += 10) await clock.advance(10_000);
  t.is(store.journal.openRefusal(), undefined);
});

test('an end that came while no agent ran counts at the next start', async (t) => {
  const { store, clock, changes, start } = await stage(t);
  store.holds.set({ sinceMs: clock.now() - hourMs, untilMs: clock.now() - 1, why: 'why' });
  refuse(store, 'SITE_HELD');
  start();
  t.is(store.journal.openRefusal(), undefined);
  t.deepEqual(changes, [true]);
});

test('a hold survives a restart', async (t) => {
  const { store, clock, changes, start } = await stage(t);
  store.holds.set({ sinceMs: clock.now(), untilMs: clock.now() + hourMs, why: 'why' });
  refuse(store, 'SITE_HELD');
  start();
  t.not(store.journal.openRefusal(), undefined);
  t.deepEqual(changes, []);
});

test('the same document that a second hold refuses is news again', async (t) => {
  const { store, start } = await stage(t);
  const keeper = start();
  keeper.hold(hourMs, 'why');
  t.true(refuse(store, 'SITE_HELD'));
  t.false(refuse(store, 'SITE_HELD'));
  keeper.release();
  keeper.hold(hourMs, 'why');
  t.true(refuse(store, 'SITE_HELD'));
});
