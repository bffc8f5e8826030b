// The small TRE of examples/ on a real Kubernetes, through the whole product: three versions forward and back again.
// What must be live, what must be gone and what the agent may change is read from the releases; see release-walk.ts.

import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { AgentStatus } from '../../agent/local/agent-status.ts';
import { nameOf } from '../support/live-objects.ts';
import { releaseWalk } from '../support/release-walk.ts';
import { type PublishedRelease, type RunningFleet, runningFleet } from '../support/running-fleet.ts';

const setup = 'Job tre-portal/portal-setup';
const source = (version: string): string =>
  fileURLToPath(new URL(`../../examples/small-tre/${version}`, import.meta.url));

test.serial('a site goes through three versions of a small TRE and back', async (t) => {
  const fleet = await runningFleet(t);
  const walk = releaseWalk(t, fleet);
  const v1 = await fleet.publish(source('v1'));
  await walk.to(v1);
  const first = await uidOf(fleet, v1, setup);

  const v2 = await fleet.publish(source('v2'));
  await walk.to(v2);
  t.is(await uidOf(fleet, v2, setup), first, 'version 2 leaves the Job alone');

  await walk.to(v2);
  t.deepEqual(await fleet.changes.mutations(), [], 'the same release again changes nothing');

  const v3 = await fleet.publish(source('v3'));
  await walk.to(v3, { recreated: [setup] });
  t.not(await uidOf(fleet, v3, setup), first, 'version 3 makes the Job anew');

  await walk.to(v1, { recreated: [setup] });
  t.deepEqual(walk.kept(), ['Namespace project-lung'], 'a namespace may hold data');
  const { kept } = (await fleet.commands.agentStatus()) as AgentStatus;
  t.deepEqual(kept, walk.kept(), 'what the person on site sees');
});

async function uidOf(fleet: RunningFleet, { objects }: PublishedRelease, name: string): Promise<unknown> {
  const object = objects.find((one) => nameOf(one) === name);
  const live = object && (await fleet.live.get(object));
  return (live?.['metadata'] as { readonly uid?: string } | undefined)?.uid;
}
