// The screen as a person reads it: a golden text per situation, at 80 and 160 columns, with and without colour; what the status
// says decides the exit code.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { coloured, plain } from '../../../agent/local/paint.ts';
import { screenOf } from '../../../agent/local/screen.ts';
import { noAgentScreen } from '../../../agent/local/screen-none.ts';
import { statusOf } from '../../../agent/local/status.ts';
import { type ScreenOptions, widthOf } from '../../../agent/local/wrap.ts';
import { errors } from '../../../proto/errors.ts';
import { configMap } from '../../conformance/store.ts';
import { isGolden } from '../../support/golden.ts';
import {
  applied,
  facts,
  fine,
  health,
  held,
  minuteMs,
  nowMs,
  observed,
  scenes,
  wanted,
  well,
} from './scenes.ts';

const goldens = join(import.meta.dirname, 'goldens');
const redScenes = [
  'clock-and-pressure',
  'not-healthy',
  'isolation-missing',
  'full-disk',
  'kubernetes-away',
  'refused',
];

const drawn = (draw: (options: ScreenOptions) => string) => ({
  '80': draw({ width: 80, paint: plain }),
  '160': draw({ width: 160, paint: plain }),
  '80.colour': draw({ width: 80, paint: coloured }),
  '160.colour': draw({ width: 160, paint: coloured }),
});

function compare(t: ExecutionContext, name: string, draw: (options: ScreenOptions) => string): void {
  for (const [form, text] of Object.entries(drawn(draw))) {
    isGolden(t, join(goldens, `${name}.${form}.txt`), text);
  }
  for (const width of [80, 160]) {
    const text = draw({ width, paint: plain });
    t.is(
      draw({ width, paint: coloured }).replaceAll(/\u001B\[\d+m/g, ''),
      text,
      'colours change nothing else',
    );
    const tooLong = text.split('\n').filter((line) => widthOf(line) > width && / \S/.test(line.trim()));
    t.deepEqual(tooLong, [], 'nothing is wider than the screen');
  }
}

for (const [name, scene] of Object.entries(scenes)) {
  test(`golden: ${name}`, async (t) => {
    const status = statusOf(await scene(t));
    compare(t, name, (options) => screenOf(status, options));
    t.is(status.isRed, redScenes.includes(name));
  });
}

const silences = {
  'no-agent': 'AGENT_NOT_RUNNING',
  'silent-agent': 'AGENT_SILENT',
  'forbidden-agent': 'SOCKET_FORBIDDEN',
} as const;
for (const [name, why] of Object.entries(silences))
  test(`golden: ${name}`, (t) =>
    compare(t, name, (options) => noAgentScreen(why, '/run/tre-agent/agent.sock', options)));

test('every golden belongs to a situation', (t) => {
  const names = new Set(readdirSync(goldens).map((file) => file.split('.')[0] ?? ''));
  t.deepEqual([...names].toSorted(), [...Object.keys(scenes), ...Object.keys(silences)].toSorted());
});

test('whatever the width, all words are there', async (t) => {
  const given = await scenes['not-healthy']?.(t);
  if (given === undefined) return t.fail();
  const status = statusOf(given);
  const words = (width: number) => screenOf(status, { width, paint: plain }).split(/\s+/).join(' ');
  for (const width of [60, 120]) t.is(words(width), words(80));
  // There the table of components does not fit: each fact has its name beside it.
  const wordSet = (width: number) =>
    new Set(
      words(width)
        .toLowerCase()
        .match(/[\w@/.-]+/g),
    );
  t.deepEqual([...wordSet(80).difference(wordSet(40))], []);
  t.regex(
    words(40),
    / component portal: objects 1, applied yes, healthy no, changed by others no component /,
  );
});

test('no screen calls a site green or healthy on news older than 90 seconds', async (t) => {
  const given = await scenes['green']?.(t);
  if (given === undefined) return t.fail();
  const ageMs = fc.integer({ min: -10 * minuteMs, max: 30 * minuteMs });
  fc.assert(
    fc.property(ageMs, ageMs, (healthAge, lookAge) => {
      const look = { ...observed, now: nowMs - lookAge };
      const last = { ...fine, run: { plan: applied, observed: look } };
      const status = statusOf({ ...given, last, side: { ...well, health: health(nowMs - healthAge) } });
      const text = screenOf(status);
      const [isHealthOld, isLookOld] = [healthAge, lookAge].map((age) => Math.abs(age) > 90_000);
      if (isHealthOld === true || isLookOld === true) {
        t.is(status.verdict.word, 'UNKNOWN');
        t.regex(text, /^UNKNOWN: This agent last looked at /);
      } else t.is(status.verdict.word, 'GREEN');
      if (isHealthOld === true) {
        t.notRegex(text, /: healthy|Healthy +\n.* yes /);
        t.regex(text.replaceAll(/\s+/g, ' '), /Health: not known now: last looked at/);
        t.is(status.health.state, 'unknown');
        t.true(status.components.every(({ healthy }) => healthy === null));
      }
    }),
  );
});

test('in no situation is what was seen longer ago called healthy, or green', async (t) => {
  const ageMs = fc.integer({ min: 0, max: 30 * minuteMs });
  for (const [name, scene] of Object.entries(scenes)) {
    const given = await scene(t);
    const { run } = given.last ?? fine;
    const saysOf = (healthAge: number, lookAge: number) => {
      const look = { ...run, observed: { ...run.observed, now: nowMs - lookAge } };
      const seen = given.side.health && { health: { ...given.side.health, observedAtMs: nowMs - healthAge } };
      const status = statusOf({
        ...given,
        last: given.last && { ...given.last, run: look },
        side: { ...given.side, ...seen },
      });
      return { status, text: screenOf(status) };
    };
    fc.assert(
      fc.property(ageMs, ageMs, (healthAge, lookAge) => {
        const { status, text } = saysOf(healthAge, lookAge);
        if (Math.max(healthAge, lookAge) > 90_000) t.not(status.verdict.word, 'GREEN', name);
        if (healthAge <= 90_000) return;
        t.not(status.health.state, 'healthy', name);
        t.true(
          status.components.every(({ healthy }) => healthy === null),
          name,
        );
        t.notRegex(text, /^GREEN|: healthy/m, name);
      }),
      { numRuns: 25 },
    );
  }
});

test('old news is said to be old also where something was the matter', async (t) => {
  const given = await scenes['last-looked-long-ago']?.(t);
  if (given?.last === undefined) return t.fail();
  const wordWith = (code: 'MemoryLow' | 'DiskFull') =>
    statusOf({ ...given, last: { ...fine, ...given.last, conditions: [held(code, 0)] } }).verdict.word;
  t.is(wordWith('MemoryLow'), 'UNKNOWN');
  t.is(wordWith('DiskFull'), 'RED');
});

test('green is only a site of which isolation was shown', async (t) => {
  const given = await scenes['green']?.(t);
  if (given === undefined) return t.fail();
  const verdictWith = (isolation: typeof well.isolation) => {
    const { isolation: shown, ...rest } = well;
    t.truthy(shown);
    return statusOf({ ...given, side: isolation === undefined ? rest : { ...rest, isolation } }).verdict;
  };
  t.is(verdictWith(well.isolation).word, 'GREEN');
  const untried = verdictWith(undefined);
  t.is(untried.word, 'WORKING');
  t.regex(untried.text, /not tried yet/);
  const awaited = {
    networkPolicy: 'unproven',
    checkedAtMs: null,
    why: 'the first trial is still to come',
  } as const;
  t.deepEqual(verdictWith({ ...awaited, conditions: [], offenders: new Map() }), untried);
  for (const networkPolicy of ['unproven', 'not-enforced'] as const) {
    // The report that carries its condition may come a moment later.
    const isolation = { ...well.isolation, networkPolicy, checkedAtMs: nowMs, why: 'w', conditions: [] };
    const { word, text } = verdictWith({ ...isolation, offenders: new Map() });
    t.is(word, 'ATTENTION');
    t.regex(text, /network policies/);
  }
});

test('health of another document says nothing about this one', async (t) => {
  const given = await scenes['green']?.(t);
  if (given === undefined) return t.fail();
  const status = statusOf({ ...given, side: { ...well, health: { ...health(), generation: 1 } } });
  t.is(status.health.lookedAt, null);
  t.is(status.verdict.word, 'WORKING');
});

test('while nobody could look since the start, no time of a look is shown', async (t) => {
  const given = await scenes['green']?.(t);
  if (given === undefined) return t.fail();
  const never = { ...health(0, [0, 'unknown', 'NotLookedAt', '']), observedAtMs: 0 };
  const status = statusOf({ ...given, side: { ...well, health: never } });
  t.deepEqual([status.health.lookedAt, status.health.isOld, status.health.state], [null, false, 'unknown']);
  t.not(status.verdict.word, 'GREEN');
  t.notRegex(screenOf(status), /1970|\d{4} days ago/);
});

test('words of others cannot move the cursor', async (t) => {
  const given = await scenes['green']?.(t);
  if (given === undefined) return t.fail();
  const found = health(nowMs, [0, 'failed', 'ContainerCrashLooping', 'a\u001B[2Jb\u202Ec\r\nd']);
  const last = { ...fine, conditions: [held('NotHealthy', 1)] };
  const text = screenOf(statusOf({ ...given, last, side: { ...well, health: found } }));
  t.regex(text, /a \[2Jb c d/);
});

test('a withdrawn site and a foreign certificate are named', async (t) => {
  const given = await scenes['offline-for-days']?.(t);
  if (given === undefined) return t.fail();
  const line = (code: 'SITE_REVOKED' | 'CA_MISMATCH') => {
    const session = { ...given.session, kind: 'connecting', trouble: { code, detail: 'd' } } as const;
    const options = { width: 160, paint: plain };
    const lines = screenOf(statusOf({ ...given, session }), options).split('\n');
    return lines.find((text) => text.startsWith('Control plane:'));
  };
  t.is(line('SITE_REVOKED'), 'Control plane:  the identity of this site was withdrawn; what runs goes on');
  t.is(line('CA_MISMATCH'), 'Control plane:  not reachable since 2026-11-14 10:06 UTC (9 days), CA_MISMATCH');
});

test('a withdrawn site is red at once, and its certificate renews itself no more', async (t) => {
  const given = await scenes['green']?.(t);
  if (given === undefined) return t.fail();
  const sinceMs = nowMs - 5_000;
  given.store.site.setRevoked(sinceMs);
  const trouble = { code: 'SITE_REVOKED', detail: 'd' } as const;
  const session = { ...given.session, kind: 'offline', trouble } as const;
  for (const conditions of [[], [held('SiteRevoked', 0)]]) {
    const status = statusOf({ ...given, session, last: { ...fine, conditions } });
    t.deepEqual(
      status.conditions.map(({ code }) => code),
      ['SiteRevoked'],
    );
    t.is(status.verdict.word, 'RED');
    t.regex(screenOf(status), /^Ends next: +certificate .*; it was withdrawn\)/m);
  }
});

test('a disk that takes no copy of what would leave is no silence of the control plane', async (t) => {
  const given = await scenes['full-disk']?.(t);
  if (given === undefined) return t.fail();
  const trouble = { code: 'DISK_FULL', detail: 'no space left' } as const;
  const status = statusOf({ ...given, session: { ...given.session, kind: 'backing-off', trouble } });
  t.is(
    status.conditions.find(({ code }) => code === 'ControlPlaneUnreachable'),
    undefined,
  );
  t.is(status.controlPlane.code, 'DISK_FULL');
  const text = screenOf(status);
  t.regex(text, /^Control plane: +nothing is sent while the disk is full/m);
  t.notRegex(text, /not reachable|does not answer/);
});

test('no copy can be kept on a disk that seems to have room, as with a quota: that is said', async (t) => {
  const given = await scenes['green']?.(t);
  if (given === undefined) return t.fail();
  const trouble = { code: 'DISK_FULL', detail: 'quota exceeded' } as const;
  const session = { ...given.session, kind: 'backing-off', trouble } as const;
  const status = statusOf({ ...given, session });
  t.is(status.verdict.word, 'ATTENTION');
  t.like(status.conditions[0], { code: 'ControlPlaneUnreachable', text: errors.DISK_FULL.text });
  for (const code of ['DiskFull', 'InodesFull', 'StoreFull'] as const) {
    const last = { ...fine, conditions: [held(code, 0)] };
    const told = statusOf({ ...given, session, last });
    t.deepEqual(
      told.conditions.map((condition) => condition.code),
      [code],
    );
  }
});

test('many objects of one condition are named only in part', async (t) => {
  const given = await scenes['green']?.(t);
  if (given === undefined) return t.fail();
  const many = Array.from({ length: 25 }, (_, index) => configMap(`c${index}`, index));
  const waiting = many.map(({ id }) => ({ id, code: 'WaitingForNamespace' as const, until: null }));
  const plan = { ...applied, applied: false, appliedCount: 0, waiting };
  const conditions = [held('WaitingForNamespace', 25)];
  const last = { ...fine, run: { plan, observed }, wanted: { ...wanted, objects: many }, conditions };
  const text = screenOf(statusOf(facts(given.store, { last })));
  t.is(text.match(/ConfigMap demo\/c/g)?.length, 10);
  t.regex(text, /\.\.\. and 15 more(\n|$)/);
  t.regex(text, /^WORKING: /);
});
