// Runs the hops and says what they found. After those of the machine three lanes go at once: control plane, cluster, agent;
// within a lane one hop follows the other, and one whose needs nobody learned is not tried. Invariant: it ends, whatever
// hangs, after 8 times --timeout, --keep-open and 14 s at most. Called by doctor-command.ts.
import { errorChain } from '../../daemon/errors.ts';
import { lineOf } from '../local/status-words.ts';
import { finding } from './findings.ts';
import { type Chart, type Hop, hopNames, type Look, learnedBy, type Tools, wrong } from './hop.ts';
import { lookAtAgent } from './look-agent.ts';
import { lookAtApiServer } from './look-api-server.ts';
import { lookAtClock } from './look-clock.ts';
import { lookAtConnection } from './look-connection.ts';
import { lookAtControlPlane } from './look-control-plane.ts';
import { lookAtData } from './look-data.ts';
import { lookAtKubeconfig } from './look-kubeconfig.ts';
import { lookAtMachine } from './look-machine.ts';
import { lookAtName } from './look-name.ts';
import { lookAtNodes } from './look-nodes.ts';
import { lookAtProxy } from './look-proxy.ts';
import { lookAtSettings } from './look-settings.ts';
import { lookAtSite } from './look-site.ts';
import { lookAtTls } from './look-tls.ts';
import type { HopReport, Report } from './report.ts';

/** The kubeconfig is of it: an exec authenticator keeps this process busy, which must not look like a slow network. */
const machine: readonly Hop[] = [
  lookAtSettings,
  lookAtData,
  lookAtMachine,
  lookAtSite,
  lookAtClock,
  lookAtKubeconfig,
];
const lanes: readonly (readonly Hop[])[] = [
  [lookAtName, lookAtProxy, lookAtConnection, lookAtTls, lookAtControlPlane],
  [lookAtApiServer, lookAtNodes],
  [lookAtAgent],
];

/** Looks at everything. Does not throw for what it finds. */
export async function examine(tools: Tools, version: string): Promise<Report> {
  const at = new Date(tools.clock.now()).toISOString();
  const { timeoutMs, keepOpenMs, clock } = tools;
  const endMs = clock.monotonic() + 8 * timeoutMs + keepOpenMs + maxWatchMs;
  const start = await follow(machine, {}, tools, { hopMs: 2 * timeoutMs + slackMs, endMs });
  const patience = { hopMs: maxQuestions * timeoutMs + keepOpenMs + maxWatchMs, endMs };
  const ends = await Promise.all(lanes.map((lane) => follow(lane, start.chart, tools, patience)));
  const found = [start, ...ends].flatMap(({ reports }) => reports);
  const hops = found.toSorted((one, other) => hopNames.indexOf(one.name) - hopNames.indexOf(other.name));
  const firstBroken = hops.find(({ state }) => state === 'not ok')?.name ?? null;
  return { version, at, ok: firstBroken === null, firstBroken, hops };
}

interface Followed {
  readonly chart: Partial<Chart>;
  readonly reports: readonly HopReport[];
}

export interface Patience {
  /** For one hop. */
  readonly hopMs: number;
  /** When all ends, on the monotonic clock. */
  readonly endMs: number;
}

/** One hop after the other. Does not throw for what a hop throws. */
export async function follow(
  hops: readonly Hop[],
  start: Partial<Chart>,
  tools: Tools,
  { hopMs, endMs }: Patience,
): Promise<Followed> {
  let chart = start;
  const reports: HopReport[] = [];
  for (const hop of hops) {
    const missing = hop.needs.find((key) => chart[key] === undefined);
    if (missing !== undefined) {
      const facts = `needs: ${learnedBy[missing]}`;
      reports.push({ name: hop.name, state: 'not tried', facts, tookMs: 0, findings: [] });
      continue;
    }
    const startedAtMs = tools.clock.monotonic();
    const limitMs = Math.min(hopMs, endMs - startedAtMs);
    const { facts, findings, learned } = await lookInTime(() => hop.look(chart, tools), limitMs, tools);
    const tookMs = Math.round(tools.clock.monotonic() - startedAtMs);
    const state = findings.some(({ severity }) => severity === 'error') ? 'not ok' : 'ok';
    reports.push({ name: hop.name, state, facts: lineOf(facts), tookMs, findings: [...findings] });
    chart = { ...chart, ...learned };
  }
  return { chart, reports };
}

/** The most questions that one hop asks one after the other, and how long it may watch something besides. */
const maxQuestions = 5;
const maxWatchMs = 14_000;
/** For programs to start and end on a busy machine. */
const slackMs = 2_000;

async function lookInTime(look: () => Promise<Look>, limitMs: number, { clock }: Tools): Promise<Look> {
  if (limitMs <= 0) return wrong(finding('CHECK_UNFINISHED', 'no time was left for it'));
  const done = new AbortController();
  const late = clock.sleep(limitMs, done.signal).then(
    () => wrong(finding('CHECK_UNFINISHED', `nothing within ${Math.ceil(limitMs / 1000)} s`)),
    () => wrong(finding('CHECK_UNFINISHED', '')),
  );
  try {
    return await Promise.race([look(), late]);
  } catch (error) {
    return wrong(finding('INTERNAL', errorChain(error)));
  } finally {
    done.abort();
  }
}
