// What follows or watches outlives the control plane: killed in the middle and started again, no event is missing and
// none is told twice, and a table that nobody confirms says how old it is.

import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { EventAnswer, SiteAnswer } from '../../cli/answers.ts';
import { withoutColour } from '../../cli/paint.ts';
import { systemClock } from '../../daemon/clock.ts';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import {
  type ControlPlaneProcess,
  controlPlaneProcess,
  initControlPlane,
} from '../support/control-plane-process.ts';
import { eventually } from '../support/eventually.ts';
import { type Desk, deskOf, login } from '../support/operator-desk.ts';
import { reportingSite, wellState } from '../support/reporting-site.ts';
import { scratch } from '../support/scratch.ts';

interface Restartable {
  readonly desk: Desk<ControlPlaneProcess>;
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** Connections stay, and nothing is answered any more: as when packets get lost. */
  readonly freeze: () => void;
  readonly thaw: () => void;
}

/** A control plane that comes back where it was. */
async function restartable(t: ExecutionContext): Promise<Restartable> {
  const data = scratch(t);
  await initControlPlane(data);
  let plane = await controlPlaneProcess(data);
  t.teardown(() => {
    plane.child.kill('SIGCONT');
    return plane[Symbol.asyncDispose]();
  });
  const port = (address: string): string => address.slice(address.lastIndexOf(':') + 1);
  const ports = ['--http-port', port(plane.addresses.api), '--grpc-port', port(plane.addresses.agents)];
  const desk = await deskOf(t, plane);
  await login(desk);
  return {
    desk,
    kill: async () => {
      plane.child.kill('SIGKILL');
      await plane.child.exited;
    },
    start: async () => {
      plane = await controlPlaneProcess(data, ...ports);
    },
    freeze: () => plane.child.kill('SIGSTOP'),
    thaw: () => plane.child.kill('SIGCONT'),
  };
}

/** Runs a command that never ends by itself; `end` is Ctrl-C. */
function running(desk: Desk, args: readonly string[], changes: object = {}) {
  const ending = new AbortController();
  const lines: string[] = [];
  const said: string[] = [];
  const ended = desk.with({
    signal: ending.signal,
    out: (text) => void lines.push(text),
    err: (text) => void said.push(text),
    ...changes,
  })(...args);
  const end = async (): Promise<number> => {
    ending.abort();
    return (await ended).code;
  };
  return { lines, said, end };
}

const soon = { timeoutMs: 15_000, intervalMs: 50 };

test('events --follow misses nothing and doubles nothing across a kill', async (t) => {
  const { desk, kill, start } = await restartable(t);
  await desk.done('site', 'create', 'york');
  await desk.plane.publishSample();
  const assign = () => desk.done('site', 'assign', 'york', 'demo@1.0.0');
  await assign();
  const follow = running(desk, ['events', '--follow', '--after', '0', '-o', 'json']);
  await eventually(() => follow.lines.length === 1, { ...soon, what: 'the first event' });
  await assign();
  await eventually(() => follow.lines.length === 2, { ...soon, what: 'the second event' });
  await kill();
  await eventually(() => follow.said.length > 0, { ...soon, what: 'word of the silence' });
  await start();
  for (let count = 0; count < 5; count += 1) await assign();
  await eventually(() => follow.lines.length >= 7, { ...soon, what: () => follow.lines.join('\n') });
  await delay(300);
  t.is(await follow.end(), 0);
  const events = follow.lines.map((line) => JSON.parse(line) as EventAnswer);
  t.deepEqual(
    events.map(({ facts }) => facts['generation']),
    [1, 2, 3, 4, 5, 6, 7],
  );
  t.is(new Set(events.map(({ id }) => id)).size, 7);
  t.regex(follow.said[0] ?? '', /^No answer since .*; goes on after event \d+\. CONTROL_PLANE_UNREACHABLE/);
  t.regex(follow.said[1] ?? '', /^Answered again at /);
  const later = await desk.done('events', '--after', String(events[3]?.id), '-o', 'json');
  t.deepEqual(JSON.parse(later), events.slice(4), 'the id in a line is where one can go on');
});

test('a watch survives a restart: in place on a terminal, in lines elsewhere, in JSON for programs', async (t) => {
  const { desk, kill, start } = await restartable(t);
  await desk.done('site', 'create', 'york');
  const written: string[] = [];
  const terminal = { write: (text: string) => void written.push(text), columns: 100, rows: 24 };
  const onScreen = running(desk, ['site', 'list', '--watch'], { terminal });
  const inLines = running(desk, ['site', 'list', '--watch']);
  const inJson = running(desk, ['site', 'list', '--watch', '-o', 'json']);
  const frames = (): string => withoutColour(written.join(''));
  await eventually(() => frames().includes('york') && inJson.lines.length === 1, { ...soon, what: frames });
  await desk.done('site', 'rename', 'york', 'ripon');
  await eventually(() => frames().includes('ripon') && inLines.lines.length === 2, { ...soon, what: frames });
  t.regex(inLines.lines[1] ?? '', /^\d\d:\d\d:\d\d UTC {2}ripon: name york -> ripon$/);

  await kill();
  await eventually(() => /No answer since .*; this table is [1-9]\d* s old/.test(frames()), {
    ...soon,
    what: frames,
  });
  await start();
  await desk.done('site', 'create', 'selby');
  await eventually(
    () => inJson.lines.length === 3 && inLines.lines.length === 3 && frames().includes('selby'),
    {
      ...soon,
      what: () => [...inLines.lines, ...inJson.lines].join('\n'),
    },
  );
  t.deepEqual([await onScreen.end(), await inLines.end(), await inJson.end()], [0, 0, 0]);
  t.regex(inLines.lines[2] ?? '', /selby: new here/);
  t.deepEqual(
    inJson.lines.map((line) => (JSON.parse(line) as SiteAnswer).name),
    ['york', 'ripon', 'selby'],
  );
  t.regex(inLines.said.join('\n'), /^No answer since .*\nAnswered again at /);
  t.notRegex(written.at(-1) ?? '', /No answer/);
  const [, up] = /^\u001b\[(\d+)F/.exec(written.at(-1) ?? '') ?? [];
  t.is(Number(up), (written.at(-2) ?? '').split('\n').length - 1, 'drawn over what stood there, no more');
});

test('a server that hangs freezes no screen: what it said grows old, and since when is said', async (t) => {
  const { desk, freeze, thaw } = await restartable(t);
  await desk.plane.publishSample();
  const york = await reportingSite(t, desk.plane, 'york');
  await desk.done('site', 'assign', 'york', 'demo@1.0.0');
  await york.stream.until('offer');
  await york.say(wellState(1));
  await york.beat();
  let skippedMs = 0;
  let sleptMs = 0;
  const clock = {
    ...systemClock,
    monotonic: () => systemClock.monotonic() + skippedMs,
    // A computer that sleeps: only this one goes on.
    now: () => systemClock.now() + sleptMs,
  };
  const written: string[] = [];
  const terminal = { write: (text: string) => void written.push(text), columns: 200, rows: 24 };
  const watch = running(desk, ['site', 'list', '--watch'], { terminal, clock });
  t.teardown(watch.end);
  const last = (): string => withoutColour(written.at(-1) ?? '');
  await eventually(() => /york .* yes /.test(last()), { ...soon, what: last });
  freeze();
  const frozenAtMs = Date.now();
  skippedMs = 100_000;
  await eventually(() => /york .* was healthy \d min ago /.test(last()), {
    ...soon,
    timeoutMs: 3_000,
    what: last,
  });
  await eventually(() => /No answer since/.test(last()), { ...soon, timeoutMs: 25_000, what: last });
  const [, since] = /No answer since (\S+) UTC/.exec(last()) ?? [];
  const sinceMs = Date.parse(`${new Date(frozenAtMs).toISOString().slice(0, 10)}T${since}Z`);
  t.true(Math.abs(sinceMs - frozenAtMs) < 8_000, `${since}, frozen at ${new Date(frozenAtMs).toISOString()}`);
  thaw();
  skippedMs = 0;
  await eventually(() => !last().includes('No answer'), { ...soon, what: last });
  await york.beat();
  await eventually(() => /york .* yes /.test(last()), { ...soon, what: last });
  const drawn = written.length;
  sleptMs = 100_000;
  const hasAged = () =>
    written.slice(drawn).some((text) => /york .* was healthy 1 min ago /.test(withoutColour(text)));
  await eventually(hasAged, { ...soon, what: last });
  t.is(await watch.end(), 0);
});

test('site wait keeps its time, whether nobody is there or nobody answers', async (t) => {
  const { desk, kill, freeze } = await restartable(t);
  await desk.done('site', 'create', 'york');
  freeze();
  const wait = () =>
    desk.with({ signal: AbortSignal.timeout(10_000) })('site', 'wait', 'york', '--timeout', '1s');
  const frozen = await wait();
  await kill();
  const gone = await wait();
  for (const { code, stderr } of [frozen, gone]) {
    t.is(code, 1, stderr);
    t.regex(stderr, /STILL_WAITING: The control plane did not say how york is\./);
  }
});

test('Ctrl-C ends a command that waits, without a word about it', async (t) => {
  const { desk } = await restartable(t);
  await desk.done('site', 'create', 'york');
  const lines: string[] = [];
  const main = join(import.meta.dirname, '../../cli/main.ts');
  const exec = systemExec({ ...environment(), XDG_CONFIG_HOME: join(desk.folder, 'config') });
  const child = await exec.spawn(process.execPath, [main, 'site', 'wait', 'york'], {
    output: { line: (text) => void lines.push(text) },
  });
  t.teardown(() => child.stop());
  await eventually(() => lines.length === 1, { ...soon, what: 'a line' });
  child.kill('SIGINT');
  t.deepEqual(await child.exited, { code: 1, signal: null });
  t.is(lines.length, 1, lines.join('\n'));
});
