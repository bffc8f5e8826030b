// The law of the person on site: neither the screen nor the JSON nor a line of a watch says that a site is green, or that
// something works, on news older than three heartbeats, or of another document, without saying so. Random facts, in every
// mixture that an agent may be in; each text is compared with what was true.
import test from 'ava';
import fc from 'fast-check';
import type { AgentStatus } from '../../../agent/local/agent-status.ts';
import type { LocalFacts, RunFacts } from '../../../agent/local/local-facts.ts';
import { plain } from '../../../agent/local/paint.ts';
import { screenOf } from '../../../agent/local/screen.ts';
import { statusOf } from '../../../agent/local/status.ts';
import { changeKey } from '../../../agent/local/watch.ts';
import { watchLine } from '../../../agent/local/watch-line.ts';
import type { ConditionCode } from '../../../proto/conditions.ts';
import { applied, fine, health, held, minuteMs, nowMs, observed, scenes, wanted, well } from './scenes.ts';

const newsMs = 90_000;
/** Below zero: the clock was set back since. The edges of what is news come often. */
const ageMs = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 30_000, newsMs, -newsMs) },
  fc.constantFrom(newsMs + 1, -newsMs - 1),
  fc.integer({ min: -30 * minuteMs, max: 30 * minuteMs }),
  fc.integer({ min: -3_000 * minuteMs, max: 30_000 * minuteMs }),
);
const generation = fc.oneof({ weight: 6, arbitrary: fc.constant(2) }, fc.constant(1));
/** Undefined: that was never done since the agent started. */
const look = fc.option(fc.record({ ageMs, generation }), { freq: 12, nil: undefined });
const usually = fc.oneof({ weight: 6, arbitrary: fc.constant(true) }, fc.constant(false));
const codes = ['MemoryLow', 'DiskFull', 'NotHealthy', 'HealthInProgress'] as const satisfies ConditionCode[];

const cases = fc.record({
  scene: fc.constantFrom('green', 'green', 'green', 'held', 'refused'),
  run: look,
  health: look,
  /** Nobody could look at health since the agent started. */
  isBlind: usually.map((isSeeing) => !isSeeing),
  failing: fc.constantFrom(undefined, undefined, undefined, 'failed', 'in-progress', 'unknown'),
  isClusterThere: usually,
  isApplied: usually,
  isConnected: usually,
  contactMs: ageMs,
  measuredMs: ageMs,
  isolation: fc.constantFrom('enforced', 'enforced', 'enforced', 'not-enforced', 'unproven', undefined),
  triedMs: fc.option(ageMs, { freq: 9 }),
  codes: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.subarray([...codes])),
});
type Case = typeof cases extends fc.Arbitrary<infer Value> ? Value : never;

const reasons = {
  failed: 'ContainerCrashLooping',
  'in-progress': 'LessAvailable',
  unknown: 'NotLookedAt',
} as const;
const away = {
  ok: false,
  code: 'CLUSTER_UNREACHABLE',
  detail: 'connect ECONNREFUSED 127.0.0.1:6443',
  retryAfterMs: null,
} as const;

function runOf({ run, isClusterThere, isApplied, codes }: Case): RunFacts | undefined {
  if (run === undefined) return undefined;
  const cluster = isClusterThere ? observed.cluster : away;
  return {
    ...fine,
    run: {
      plan: { ...applied, applied: isClusterThere && isApplied },
      observed: { ...observed, cluster, now: nowMs - run.ageMs },
    },
    wanted: { ...wanted, generation: run.generation },
    conditions: [...codes, ...(isClusterThere ? [] : ['ClusterUnreachable' as const])].map((code) =>
      held(code, 1),
    ),
  };
}

function sideOf(one: Case, hold: LocalFacts['side']['hold']): LocalFacts['side'] {
  const { failing, isolation } = one;
  const troubles: Parameters<typeof health>[1][] =
    failing === undefined ? [] : [[0, failing, reasons[failing], 'why']];
  const looked = one.health && {
    ...health(one.isBlind ? 0 : nowMs - one.health.ageMs, ...troubles),
    generation: one.health.generation,
  };
  const tried = {
    checkedAtMs: one.triedMs === null ? null : nowMs - one.triedMs,
    why: '',
    conditions: [],
    offenders: new Map(),
  };
  return {
    hold,
    health: looked,
    host: well.host && { ...well.host, observedAtMs: nowMs - one.measuredMs },
    ...(isolation === undefined ? {} : { isolation: { ...tried, networkPolicy: isolation } }),
  };
}

function factsOf(given: LocalFacts, one: Case): LocalFacts {
  given.store.site.setContact(nowMs - one.contactMs);
  const lost = { code: 'CONTROL_PLANE_UNREACHABLE', detail: 'no route' } as const;
  const session = one.isConnected
    ? given.session
    : ({ ...given.session, kind: 'backing-off', trouble: lost } as const);
  return { ...given, session, last: runOf(one), side: sideOf(one, given.side.hold) };
}

/** What was true: who looked lately, at the document that is wanted. */
function truthOf({ run, health, isBlind, isApplied, isClusterThere, failing, isolation, triedMs }: Case) {
  const isNews = (seen: Case['run']) =>
    seen !== undefined && seen.generation === 2 && Math.abs(seen.ageMs) <= newsMs;
  const isHealthNews = isNews(health) && !isBlind;
  const isWell = isApplied && isClusterThere && failing === undefined;
  return {
    isHealthNews,
    isRunNews: isNews(run),
    mayBeGreen: isHealthNews && isNews(run) && isWell && isolation === 'enforced' && triedMs !== null,
  };
}

/** Said of work, and no claim that anything works now. */
const noClaims =
  /\b(not healthy|does not work|whether (it|everything) works|\d+ of \d+ objects? worked|cannot be worked with|Healthy)\b/g;
const claims = /\b(GREEN|healthy|works?|working|runs and)\b/;

function claimIn(text: string): string | undefined {
  const said = text.replaceAll(/\s+/g, ' ').replaceAll(noClaims, '');
  return claims.exec(said)?.[0];
}

/** Rows of components on the screen, in the form of a table: the cells of Applied and of Healthy. */
function cells(screen: string): readonly (readonly [applied: string, healthy: string])[] {
  const rows = screen.matchAll(/^(?:portal|workspaces) +\d+ +(yes|no|not known) +(yes|no|not known) /gm);
  return [...rows].map(([, one = '', other = '']) => [one, other]);
}

function textsOf(status: AgentStatus): readonly string[] {
  return [
    screenOf(status, { width: 80, paint: plain }),
    screenOf(status, { width: 160, paint: plain }),
    watchLine(status, plain),
  ];
}

test('nothing that is printed on site says green, healthy or works on old news, or on news of another document', async (t) => {
  const given = new Map(
    await Promise.all(Object.entries(scenes).map(async ([name, make]) => [name, await make(t)] as const)),
  );
  let greens = 0;
  const law = fc.property(cases, (one) => {
    const base = given.get(one.scene);
    if (base === undefined) throw new Error(one.scene);
    const status = statusOf(factsOf(base, one));
    const { isHealthNews, isRunNews, mayBeGreen } = truthOf(one);
    const { verdict, health: shown, components, cluster, applied: isShownApplied } = status;
    if (verdict.word === 'GREEN') greens += 1;
    if (verdict.word === 'GREEN') t.true(mayBeGreen);
    if (isRunNews) t.false(cluster.isOld);
    else {
      t.true(cluster.isOld || !isShownApplied, 'old, or of another document');
      t.true(components.every((component) => component.applied === null));
      t.notRegex(verdict.text, /Everything wanted (is|runs)/);
    }
    if (!isHealthNews) {
      t.not(shown.state, 'healthy');
      t.true(shown.isOld || shown.lookedAt === null);
      t.true(components.every(({ healthy }) => healthy === null));
    }
    for (const text of textsOf(status)) {
      if (!isRunNews || !isHealthNews) t.notRegex(text, /GREEN/);
      if (!isHealthNews) t.is(claimIn(text), undefined, text);
      for (const [isThere, works] of cells(text)) {
        if (!isRunNews) t.is(isThere, 'not known');
        if (!isHealthNews) t.is(works, 'not known');
      }
      if (cluster.isOld && shown.isOld && !text.startsWith('RED'))
        t.regex(text, /^UNKNOWN: .* last looked at /);
    }
  });
  fc.assert(law, { numRuns: 1_000 });
  t.log(`green was said ${greens} times`);
  t.true(greens > 3, 'an agent that never says green would be of no use');
});

test('a watch tells that its news has become old, though nothing else happened', async (t) => {
  const given = await scenes['green']?.(t);
  if (given === undefined) return t.fail();
  const at = (ms: number) => statusOf({ ...given, nowMs: nowMs + ms });
  const [now, later] = [at(0), at(2 * newsMs)];
  t.regex(watchLine(now, plain), /^GREEN: /);
  t.not(changeKey(now), changeKey(later));
  t.regex(watchLine(later, plain), /^UNKNOWN: /);
});
