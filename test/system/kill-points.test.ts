// kill -9 of agent, control plane and API server in the middle of an update: the end is the same as without, and no
// report is lost or counted twice. The moments are spread over the update by how many of its changes Kubernetes has
// seen. TRE_KILL_POINTS asks for another number of them than ten.

import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { eventually, inSeconds } from '../support/eventually.ts';
import { journalOf, receivedBy, waitingReports } from '../support/report-books.ts';
import { type AskedObject, type RunningFleet, runningFleet } from '../support/running-fleet.ts';
import { type Snapshot, snapshotOf } from '../support/snapshot.ts';

const killPoints = Number(process.env['TRE_KILL_POINTS'] ?? 10);
const watchIntervalMs = 5;
const appliedTimeoutMs = 90_000;
/** A run is over after this, with what it could do. */
const longestRunMs = 5_000;

const source = (version: string): string =>
  fileURLToPath(new URL(`../../examples/small-tre/${version}`, import.meta.url));

/** Each is killed and started again at once. */
const victims: Readonly<Record<string, (fleet: RunningFleet) => Promise<void>>> = {
  agent: async ({ agent, signal }) => {
    await agent.kill();
    await agent.start(signal);
  },
  // Frozen first: what the site reports meanwhile is sent, and lost with the process that never read it.
  'control plane': async ({ controlPlane, layout, signal }) => {
    const known = journalOf(layout).length;
    process.kill(controlPlane.pid() ?? 0, 'SIGSTOP');
    const endMs = performance.now() + longestRunMs;
    while (journalOf(layout).length === known && performance.now() < endMs) await delay(watchIntervalMs);
    await controlPlane.kill();
    await controlPlane.start(signal);
  },
  'API server': async ({ kubernetes, signal }) => {
    await kubernetes.apiServer.kill();
    await kubernetes.apiServer.start(signal);
  },
};

/** An update without kills: how many changes it takes and what is there after it. */
interface Update {
  readonly release: string;
  readonly changes: number;
  readonly end: Snapshot;
}

test.serial(`an update ends the same after kill -9 at each of ${killPoints} points`, async (t) => {
  t.timeout((killPoints + 2) * appliedTimeoutMs);
  const fleet = await runningFleet(t);
  const v1 = await fleet.publish(source('v1'));
  const v2 = await fleet.publish(source('v2'));
  const objects = [...v1.objects, ...v2.objects];
  await update(fleet, v1.release, objects);
  const forward = await update(fleet, v2.release, objects);
  const back = await update(fleet, v1.release, objects);
  for (let point = 0; point < killPoints; point += 1)
    await killDuring(t, { fleet, objects, point, update: point % 2 === 0 ? forward : back });
  await checkBooks(t, fleet);
});

async function update(
  fleet: RunningFleet,
  release: string,
  objects: readonly AskedObject[],
): Promise<Update> {
  await fleet.changes.mark();
  await fleet.applied(await fleet.assign(release));
  const changes = (await fleet.changes.mutations()).length;
  return { release, changes, end: await snapshotOf(fleet.live, objects) };
}

interface KillPoint {
  readonly fleet: RunningFleet;
  readonly objects: readonly AskedObject[];
  readonly point: number;
  readonly update: Update;
}

async function killDuring(t: ExecutionContext, { fleet, objects, point, update }: KillPoint): Promise<void> {
  const { release, changes, end } = update;
  const [victim, kill] = Object.entries(victims)[point % Object.keys(victims).length] ?? [];
  // Multiples of the golden ratio fill a range evenly, however many there are.
  const position = Math.floor(((point * 0.618034) % 1) * changes);
  const where = `${victim} killed after ${position} of ${changes} changes on the way to ${release}`;
  const startedAtMs = performance.now();
  await fleet.changes.mark();
  const generation = await fleet.assign(release);
  const isThere = async (): Promise<boolean> => (await fleet.changes.mutations()).length >= position;
  await eventually(isThere, { what: where, timeoutMs: appliedTimeoutMs, intervalMs: watchIntervalMs });
  await kill?.(fleet);
  await fleet.applied(generation, appliedTimeoutMs);
  t.log(`${where}: ${inSeconds(performance.now() - startedAtMs)}`);
  t.deepEqual(await snapshotOf(fleet.live, objects), end, where);
}

async function checkBooks(t: ExecutionContext, { layout }: RunningFleet): Promise<void> {
  const isTold = (): boolean => waitingReports(layout) === 0;
  await eventually(isTold, { what: 'every report is acknowledged', timeoutMs: appliedTimeoutMs });
  const received = receivedBy(layout);
  t.deepEqual(
    received.map(({ run }) => run),
    journalOf(layout),
    'every run was reported once, in order',
  );
  const sequences = received.map(({ sequence }) => sequence);
  t.deepEqual(
    sequences,
    [...new Set(sequences)].sort((a, b) => a - b),
    'no sequence number came twice',
  );
}
