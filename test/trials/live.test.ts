// The live view of `npm start` against a real control plane: what it says as things happen, that it goes on while nobody
// answers, and that a refusal is an answer. Kubernetes and the processes are stood in for; system tests run them all.

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createFrame } from '../../cli/frame.ts';
import { noPaint, withoutColour } from '../../cli/paint.ts';
import { systemClock } from '../../daemon/clock.ts';
import { layoutOf } from '../../dev/start/layout.ts';
import { showLive } from '../../dev/start/live.ts';
import type { FleetWithSite } from '../../dev/start/site.ts';
import {
  type ControlPlaneProcess,
  controlPlaneProcess,
  initControlPlane,
} from '../support/control-plane-process.ts';
import { eventually } from '../support/eventually.ts';
import { reportingSite, wellState } from '../support/reporting-site.ts';
import { scratch } from '../support/scratch.ts';

interface Stand {
  kubernetesStatus: number;
  nodes?: unknown;
}

interface Views {
  /** Without a terminal. */
  readonly lines: readonly string[];
  /** What was written to a terminal. */
  readonly written: readonly string[];
  /** Until both have said it. */
  readonly says: (pattern: RegExp) => Promise<number>;
  readonly end: () => Promise<unknown>;
}

async function runningPlane(t: ExecutionContext): Promise<ControlPlaneProcess> {
  const data = scratch(t);
  await initControlPlane(data);
  return await planeOf(t, data);
}

async function planeOf(t: ExecutionContext, data: string, ...flags: string[]): Promise<ControlPlaneProcess> {
  const plane = await controlPlaneProcess(data, ...flags);
  t.teardown(async () => {
    plane.child.kill('SIGCONT');
    await plane[Symbol.asyncDispose]();
  });
  return plane;
}

/** The live view of one site, with and without a terminal. */
function bothViews(
  t: ExecutionContext,
  plane: ControlPlaneProcess,
  { siteId, token = plane.token, stand }: { siteId: string; token?: string; stand: Stand },
): Views {
  const layout = layoutOf(scratch(t));
  mkdirSync(join(layout.operator, 'tre'), { recursive: true });
  const login = { url: plane.addresses.api, ca: plane.ca, token };
  writeFileSync(join(layout.operator, 'tre', 'login.json'), JSON.stringify(login));
  const service = { pid: () => 1, since: () => Date.now() - 60_000 };
  const fleet = {
    siteId,
    layout,
    kubernetes: {
      serverUrl: 'https://127.0.0.1:1',
      node: 'simulated',
      admin: { request: () => Promise.resolve({ status: stand.kubernetesStatus, body: stand.nodes ?? {} }) },
    },
    controlPlane: service,
    agent: service,
  } as unknown as FleetWithSite;
  const ending = new AbortController();
  const lines: string[] = [];
  const written: string[] = [];
  const shared = { clock: systemClock, signal: ending.signal, paint: noPaint };
  const inLines = showLive(fleet, { ...shared, frame: undefined, say: (line) => void lines.push(line) });
  const terminal = { columns: 400, rows: 40, write: (text: string) => void written.push(text) };
  const onScreen = showLive(fleet, { ...shared, frame: createFrame(terminal), say: () => t.fail() });
  const end = (): Promise<unknown> => {
    ending.abort();
    return Promise.all([inLines, onScreen]);
  };
  t.teardown(end);
  return {
    lines,
    written,
    end,
    says: (pattern) =>
      eventually(() => pattern.test(lines.join('\n')) && pattern.test(written.join('')), {
        timeoutMs: 15_000,
        what: () => `${String(pattern)}: ${lines.join('\n')}${withoutColour(written.at(-1) ?? '')}`,
      }),
  };
}

test('it tells what happens, survives the control plane, and ends with the signal', async (t) => {
  const plane = await runningPlane(t);
  const site = await reportingSite(t, plane, 'leeds');
  const stand = { kubernetesStatus: 200 };
  const { written, says, end } = bothViews(t, plane, { siteId: site.site.siteId, stand });
  await says(/Kubernetes.* answers at https/);
  await says(/node.* simulated: there is no node/);
  await says(/joined: Machine 1/);
  await site.say(wellState(1));
  await site.beat();
  await eventually(() => /healthy: +yes/.test(written.join('')), { timeoutMs: 15_000, what: 'healthy' });
  stand.kubernetesStatus = 500;
  plane.child.kill('SIGSTOP');
  const drawn = written.length;
  await eventually(() => written.length >= drawn + 3, {
    timeoutMs: 4_500,
    what: 'drawn while nobody answers',
  });
  await says(/control plane.* runs, process 1, but does not answer/);
  plane.child.kill('SIGKILL');
  await says(/Kubernetes.* does not answer/);
  await t.notThrowsAsync(end());
});

test('a site that is renamed goes on; that it was deleted, and what to do, is said', async (t) => {
  const plane = await runningPlane(t);
  const { site } = await reportingSite(t, plane, 'leeds');
  const stand = { kubernetesStatus: 200 };
  const { lines, written, says, end } = bothViews(t, plane, { siteId: site.siteId, stand });
  await says(/leeds/);
  await plane.rest('PATCH', '/v1/sites/leeds', { name: 'leeds-general' });
  await says(/renamed/);
  await eventually(() => /site: +leeds-general/.test(written.join('')), {
    timeoutMs: 5_000,
    what: 'the name',
  });
  t.regex(lines.join('\n'), /leeds-general: name leeds -> leeds-general/);
  await plane.rest('POST', '/v1/sites/leeds-general/revoke', {});
  await plane.rest('DELETE', '/v1/sites/leeds-general');
  await says(/it was deleted\. .*npm start -- --data DIR/);
  await says(/ deleted: /);
  t.notRegex(withoutColour(written.at(-1) ?? ''), /wanted:|not been asked/);
  t.is(lines.filter((line) => line.includes('it was deleted')).length, 1);
  await end();
  t.notRegex([...lines, ...written].join('\n'), /does not answer/);
});

test('after a backup of the control plane was restored, what happens is told again', async (t) => {
  const [data, backup] = [scratch(t), scratch(t)];
  await initControlPlane(data);
  const first = await planeOf(t, data);
  const { body: site } = await first.rest<{ id: string }>('POST', '/v1/sites', { name: 'leeds' });
  await first.child.stop();
  cpSync(data, backup, { recursive: true });
  const ports = ['--http-port', new URL(first.addresses.api).port];
  const second = await planeOf(t, data, ...ports);
  const names = ['a', 'b', 'c', 'd', 'leeds'];
  for (const [index, name] of names.entries())
    await second.rest('PATCH', `/v1/sites/${names.at(index - 1)}`, { name });
  const { lines, says } = bothViews(t, second, { siteId: site.id, stand: { kubernetesStatus: 200 } });
  await says(/renamed: .*leeds/);
  await second.child.stop();
  await says(/control plane.* but does not answer/);
  cpSync(backup, data, { recursive: true });
  const third = await planeOf(t, data, ...ports);
  await third.rest('PATCH', '/v1/sites/leeds', { name: 'york' });
  await says(/renamed: .*york/);
  const told = lines.flatMap((line) => /renamed to (\w+)/.exec(line)?.[1] ?? []);
  t.deepEqual(told, [...names, 'york'], 'each once');
});

test('a refusal is an answer, with what to do', async (t) => {
  const plane = await runningPlane(t);
  const token = `${plane.token.slice(0, -4)}AAAA`;
  const views = bothViews(t, plane, { siteId: 'x', token, stand: { kubernetesStatus: 200 } });
  await views.says(/UNAUTHENTICATED: .*trectl login/);
  await views.end();
  t.notRegex([...views.lines, ...views.written].join('\n'), /does not answer/);
});
