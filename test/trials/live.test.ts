// The live view of `npm start` against a real control plane: what it says as things happen, and that it goes on while
// nobody answers. Kubernetes and the processes are stood in for; system tests run them all.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { noPaint, withoutColour } from '../../cli/paint.ts';
import { systemClock } from '../../daemon/clock.ts';
import type { Fleet } from '../../dev/start/fleet.ts';
import { layoutOf } from '../../dev/start/layout.ts';
import { showLive } from '../../dev/start/live.ts';
import { siteName } from '../../dev/start/site.ts';
import { controlPlaneProcess, initControlPlane } from '../support/control-plane-process.ts';
import { eventually } from '../support/eventually.ts';
import { reportingSite, wellState } from '../support/reporting-site.ts';
import { scratch } from '../support/scratch.ts';

test('it tells what happens, survives the control plane, and ends with the signal', async (t) => {
  const data = scratch(t);
  await initControlPlane(data);
  const plane = await controlPlaneProcess(data);
  t.teardown(async () => {
    plane.child.kill('SIGCONT');
    await plane[Symbol.asyncDispose]();
  });
  const layout = layoutOf(scratch(t));
  mkdirSync(join(layout.operator, 'tre'), { recursive: true });
  const login = { url: plane.addresses.api, ca: plane.ca, token: plane.token };
  writeFileSync(join(layout.operator, 'tre', 'login.json'), JSON.stringify(login));
  const site = await reportingSite(t, plane, siteName);
  let kubernetesStatus = 200;
  const service = { pid: () => 1, since: () => Date.now() - 60_000 };
  const fleet = {
    layout,
    kubernetes: {
      serverUrl: 'https://127.0.0.1:1',
      node: 'simulated',
      admin: { request: () => Promise.resolve({ status: kubernetesStatus, body: '' }) },
    },
    controlPlane: service,
    agent: service,
  } as unknown as Fleet;

  const ending = new AbortController();
  const lines: string[] = [];
  const written: string[] = [];
  const shared = { clock: systemClock, signal: ending.signal, paint: noPaint };
  const inLines = showLive(fleet, { ...shared, terminal: undefined, say: (line) => void lines.push(line) });
  const terminal = { columns: 100, rows: 40, write: (text: string) => void written.push(text) };
  const onScreen = showLive(fleet, { ...shared, terminal, say: () => t.fail() });
  const says = (pattern: RegExp): Promise<number> =>
    eventually(() => pattern.test(lines.join('\n')) && pattern.test(written.join('')), {
      timeoutMs: 15_000,
      what: () => `${String(pattern)}: ${lines.join('\n')}${withoutColour(written.at(-1) ?? '')}`,
    });
  await says(/Kubernetes.* answers at https/);
  await says(/joined: Machine 1/);
  await site.say(wellState(1));
  await site.beat();
  await eventually(() => /healthy: +yes/.test(written.join('')), { timeoutMs: 15_000, what: 'healthy' });
  kubernetesStatus = 500;
  plane.child.kill('SIGSTOP');
  const drawn = written.length;
  await eventually(() => written.length >= drawn + 3, {
    timeoutMs: 4_500,
    what: 'drawn while nobody answers',
  });
  await says(/control plane.* runs, process 1, but does not answer/);
  plane.child.kill('SIGKILL');
  await says(/Kubernetes.* does not answer/);
  ending.abort();
  await t.notThrowsAsync(Promise.all([inLines, onScreen]));
});
