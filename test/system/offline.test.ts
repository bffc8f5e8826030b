// A site whose control plane is gone goes on: it starts again, repairs what others change, does not run finished Jobs
// again, says since when nobody answers, and tells everything when the control plane is back.

import test, { type ExecutionContext } from 'ava';
import type { AgentStatus } from '../../agent/local/agent-status.ts';
import { screenOf } from '../../agent/local/screen.ts';
import type { JsonObject } from '../../proto/strict-json.ts';
import { differences } from '../support/asked-is-live.ts';
import { eventually, inSeconds } from '../support/eventually.ts';
import { nameOf } from '../support/live-objects.ts';
import { configMap, writeSource } from '../support/release-source.ts';
import { journalOf, receivedBy, waitingReports } from '../support/report-books.ts';
import {
  type AskedObject,
  type PublishedRelease,
  type RunningFleet,
  runningFleet,
} from '../support/running-fleet.ts';

const repairBarMs = 60_000;
const caughtUpBarMs = 10_000;
const contactSlackMs = 5_000;
/** Longest pause between two attempts to reach the control plane: by default as long as this test. */
const reconnectCap = '5s';
const reconnectBoundMs = 15_000;

const job = `apiVersion: batch/v1
kind: Job
metadata:
  name: once
spec:
  ttlSecondsAfterFinished: 1
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: main, image: "registry.example/once:1"}
`;

const files = {
  'release.yaml': [
    'name: offline',
    'version: "1.0.0"',
    'kubernetes: ["1.36"]',
    'components:',
    '  - {name: app, path: app, namespace: offline}',
  ].join('\n'),
  'app/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: offline\n',
  'app/deleted.yaml': configMap('deleted-by-hand'),
  'app/edited.yaml': configMap('edited-by-hand'),
  'app/job.yaml': job,
};

test.serial('a site goes on without its control plane and catches up when it is back', async (t) => {
  t.timeout(280_000);
  const fleet = await runningFleet(t, { TRE_AGENT_RECONNECT_CAP: reconnectCap });
  const { signal } = fleet;
  const release = await fleet.publish(writeSource(t, files));
  await fleet.applied(await fleet.assign(release.release));
  const once = object(release, 'Job offline/once');
  const isRemoved = async (): Promise<boolean> => (await fleet.live.get(once)) === undefined;
  await eventually(isRemoved, { what: 'the Job runs and goes', timeoutMs: repairBarMs });
  await fleet.changes.mark();

  const killedAtMs = Date.now();
  await fleet.controlPlane.kill();
  const isAlone = async (): Promise<boolean> => (await statusOf(fleet)).controlPlane.state === 'unreachable';
  await eventually(isAlone, { what: 'the site notices', timeoutMs: contactSlackMs });
  await fleet.agent.kill();
  await fleet.agent.start(signal);
  // After its first look nothing but its own patience makes it look again.
  const hasLooked = async (): Promise<boolean> => (await statusOf(fleet)).applied;
  await eventually(hasLooked, { what: 'the new agent has looked', timeoutMs: contactSlackMs });
  await checkRepairs(t, fleet, release);
  await checkStatus(t, fleet, killedAtMs);
  await checkReturn(t, fleet);

  const path = await fleet.live.pathOf(once);
  t.is(await fleet.live.get(once), undefined, 'the Job that its TTL removed');
  t.false(
    (await fleet.changes.mutations()).some((one) => one.path === path),
    'it was not made again',
  );
});

/** One object goes by hand, another gets a value from somebody else: both come back. */
async function checkRepairs(
  t: ExecutionContext,
  fleet: RunningFleet,
  release: PublishedRelease,
): Promise<void> {
  const { admin } = fleet.kubernetes;
  const deleted = object(release, 'ConfigMap offline/deleted-by-hand');
  const edited = object(release, 'ConfigMap offline/edited-by-hand');
  const editedPath = await fleet.live.pathOf(edited);
  const live = await fleet.live.get(edited);
  const body: JsonObject = { ...live, data: { k: 'by hand' } };
  const answers = [
    await admin.request({ method: 'DELETE', path: await fleet.live.pathOf(deleted) }),
    await admin.request({ method: 'PUT', path: `${editedPath}?fieldManager=by-hand`, body }),
  ];
  t.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  const isAsAsked = async (one: AskedObject): Promise<boolean> =>
    differences(one.asked, await fleet.live.get(one)).length === 0;
  t.false(await isAsAsked(edited));
  const isRepaired = async (): Promise<boolean> => (await isAsAsked(deleted)) && (await isAsAsked(edited));
  const tookMs = await eventually(isRepaired, { what: 'both are repaired', timeoutMs: repairBarMs });
  t.log(`repaired after ${inSeconds(tookMs)}`);
}

/** `tre-agent status`, for programs and for people: nobody answers, and since when. */
async function checkStatus(t: ExecutionContext, fleet: RunningFleet, killedAtMs: number): Promise<void> {
  const status = await statusOf(fleet);
  const { state, lastContact } = status.controlPlane;
  t.is(state, 'unreachable');
  const sinceMs = Date.parse(lastContact ?? '');
  t.true(Math.abs(sinceMs - killedAtMs) <= contactSlackMs, `offline since ${lastContact}`);
  t.true(status.applied);
  t.regex(
    screenOf(status),
    /^Control plane: +not reachable since \d{4}-\d\d-\d\d \d\d:\d\d UTC \(\d+ seconds?\)$/m,
  );
}

async function checkReturn(t: ExecutionContext, fleet: RunningFleet): Promise<void> {
  const { layout } = fleet;
  await fleet.controlPlane.start(fleet.signal);
  await fleet.until(({ contact }) => contact.connected, reconnectBoundMs);
  const isCaughtUp = async (): Promise<boolean> => {
    const { state } = await fleet.site();
    return waitingReports(layout) === 0 && state?.applied === true && !state.drifted;
  };
  const tookMs = await eventually(isCaughtUp, { what: 'the news arrives', timeoutMs: caughtUpBarMs });
  t.log(`caught up ${inSeconds(tookMs)} after it was connected again`);
  const received = receivedBy(layout).map(({ run }) => run);
  t.deepEqual(received, journalOf(layout), 'every run was reported');
  t.is(
    received.map(({ repaired }) => repaired).reduce((sum, count) => sum + count, 0),
    2,
  );
}

async function statusOf({ commands }: RunningFleet): Promise<AgentStatus> {
  return (await commands.agentStatus()) as AgentStatus;
}

function object({ objects }: PublishedRelease, name: string): AskedObject {
  const found = objects.find((one) => nameOf(one) === name);
  if (found === undefined) throw new RangeError(`the release has no ${name}`);
  return found;
}
