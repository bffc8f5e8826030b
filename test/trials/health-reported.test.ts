// What the health room sees is what both people read: a real agent on a real node and a real control plane. One release per
// failure; its code stands in what `tre-agent status -o json` prints and in the operator's detail of the site within 5 s of
// the moment when the cluster itself shows the fact that the rule asks for, and what never worked is never called healthy.
import process from 'node:process';
import test, { type ExecutionContext } from 'ava';
import type { AgentStatus } from '../../agent/local/agent-status.ts';
import { systemClock } from '../../daemon/clock.ts';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import { programs } from '../../dev/start/commands.ts';
import { eventually, inSeconds } from '../support/eventually.ts';
import {
  crashLoop,
  type Failure,
  failingJob,
  missingImage,
  shown,
  unschedulable,
  usedUpQuota,
} from '../support/failing-workloads.ts';
import { writeSource } from '../support/release-source.ts';
import { type RunningFleet, runningFleet } from '../support/running-fleet.ts';

const clock = systemClock;
const exec = systemExec(environment());
const barMs = 5_000;
const longestWaitMs = 60_000;

test.serial('each failure is read on site and afar as soon as its rule allows', async (t) => {
  t.timeout(280_000);
  const fleet = await runningFleet(t, {}, 'real');
  const looks = await watchOnSite(t, fleet);
  const startedMs = clock.monotonic();
  for (const failure of [crashLoop, missingImage, usedUpQuota, unschedulable, failingJob])
    await isReportedInTime(t, { fleet, looks, failure });
  t.log(`all five in ${inSeconds(clock.monotonic() - startedMs)}`);
});

/** What the command printed, and when, by the monotonic clock. */
interface Look {
  readonly atMs: number;
  readonly status: AgentStatus;
}

/** One command all the time, which looks every second: to start a process for each look would be most of the work. */
async function watchOnSite(t: ExecutionContext, fleet: RunningFleet): Promise<readonly Look[]> {
  const looks: Look[] = [];
  const command = await exec.spawn(process.execPath, [...statusCommand(fleet), '--watch'], {
    output: {
      line: (text, from) => {
        if (from === 'stdout')
          looks.push({ atMs: clock.monotonic(), status: JSON.parse(text) as AgentStatus });
      },
    },
  });
  t.teardown(() => command.stop());
  return looks;
}

const statusCommand = ({ layout }: RunningFleet): readonly string[] => [
  programs.agent,
  'status',
  '--socket',
  layout.agentSocket,
  '-o',
  'json',
];

interface Round {
  readonly fleet: RunningFleet;
  readonly looks: readonly Look[];
  readonly failure: Failure;
}

async function isReportedInTime(t: ExecutionContext, { fleet, looks, failure }: Round): Promise<void> {
  const { word, fact, worksAtFirst = false } = failure;
  const { release } = await fleet.publish(writeSource(t, sourceOf(failure)));
  const generation = await fleet.assign(release);
  const calledAfar = new Set<string>();
  const [shownMs, onSiteMs, afarMs] = await Promise.all([
    shown(fleet.kubernetes.admin, fact).then(() => clock.monotonic()),
    saidOnSite(looks, failure, generation),
    saidAfar(fleet, failure, { generation, called: calledAfar }),
  ]);
  const after = (ms: number): string => inSeconds(ms - shownMs);
  t.log(`${word}: on site ${after(onSiteMs)}, afar ${after(afarMs)} after the cluster showed it`);
  t.true(onSiteMs - shownMs < barMs, `${word} on site`);
  t.true(afarMs - shownMs < barMs, `${word} afar`);
  const { code, stdout } = await exec.run(process.execPath, statusCommand(fleet), { timeoutMs: 20_000 });
  t.is(code, 1);
  t.true(saysSo(JSON.parse(stdout) as AgentStatus, failure));
  if (worksAtFirst) return;
  t.false(calledAfar.has('healthy'), word);
  const called = looks.filter(({ status }) => status.wanted?.generation === generation);
  t.false(
    called.some(({ status }) => status.health.state === 'healthy'),
    word,
  );
}

const sourceOf = ({ objects, word }: Failure): Record<string, string> => ({
  'release.yaml': [
    `name: ${word.toLowerCase()}`,
    'version: "1.0.0"',
    'kubernetes: ["1.36"]',
    'components:',
    `  - {name: app, path: app, namespace: ${objects[0]?.metadata.name}}`,
  ].join('\n'),
  ...Object.fromEntries(objects.map((object, at) => [`app/${at}.yaml`, JSON.stringify(object)])),
});

/** When the command first printed it. */
async function saidOnSite(looks: readonly Look[], failure: Failure, generation: number): Promise<number> {
  const said = () =>
    looks.find(({ status }) => status.wanted?.generation === generation && saysSo(status, failure));
  const what = (): string => `${failure.word} on site, not ${JSON.stringify(looks.at(-1)?.status.health)}`;
  await eventually(() => said() !== undefined, { what, timeoutMs: longestWaitMs });
  return said()?.atMs ?? Number.POSITIVE_INFINITY;
}

function saysSo({ health, isRed }: AgentStatus, { name, word }: Failure): boolean {
  const isNamed = health.troubles.some(
    ({ reason, object }) => reason === word && object.endsWith(`/${name}`),
  );
  return isRed && health.state === 'not-healthy' && isNamed;
}

interface Afar {
  readonly generation: number;
  /** How the site was called meanwhile: added to. */
  readonly called: Set<string>;
}

/** When the control plane first answered so; monotonic milliseconds. */
async function saidAfar(
  fleet: RunningFleet,
  { name, word }: Failure,
  { generation, called }: Afar,
): Promise<number> {
  await fleet.until(({ state, verdict, unhealthy }) => {
    if (state?.generation !== generation) return false;
    called.add(verdict.word);
    const isNamed = unhealthy.some(({ reason, object }) => reason === word && object?.name === name);
    return verdict.word === 'not-healthy' && verdict.isNews && isNamed;
  }, longestWaitMs);
  return clock.monotonic();
}
