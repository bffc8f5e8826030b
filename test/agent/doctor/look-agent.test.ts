// When no agent answers: who holds its folder, and whose files are in it. A folder that may hang is not touched.
import { once } from 'node:events';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import test, { type ExecutionContext } from 'ava';
import type { Chart } from '../../../agent/doctor/hop.ts';
import { lookAtAgent } from '../../../agent/doctor/look-agent.ts';
import { lockFolder } from '../../../daemon/sqlite.ts';
import { doctorTools } from '../../support/doctor-tools.ts';
import { scratch } from '../../support/scratch.ts';

async function codes(data: string, learned: Partial<Chart>): Promise<readonly string[]> {
  const settings = { data, socket: join(data, 'agent.sock') } as Chart['settings'];
  const { findings } = await lookAtAgent.look({ settings, ...learned }, doctorTools());
  return findings.map(({ code }) => code);
}

test('who holds the folder is asked of a folder that could be read, and of no other', async (t) => {
  const folder = scratch(t);
  using _held = lockFolder(folder);
  t.deepEqual(await codes(folder, { folder }), ['DATA_LOCKED']);
  t.deepEqual(await codes(folder, {}), ['AGENT_NOT_RUNNING']);
});

async function codesOf(t: ExecutionContext, status: object): Promise<readonly string[]> {
  const folder = scratch(t);
  const fresh = { lookedAt: '2026-11-23T10:00:00.000Z', isOld: false };
  const well = { version: '0.1.0', conditions: [], refusal: null, cluster: { ...fresh, state: 'ready' } };
  const text = JSON.stringify({ ...well, health: fresh, ...status });
  const server = createServer((socket) => socket.end(`${text}\n`)).listen(join(folder, 'agent.sock'));
  await once(server, 'listening');
  t.teardown(() => server.close());
  return codes(folder, { folder });
}

test('what a running agent says is shown, but for what other hops see themselves', async (t) => {
  const said = ['MemoryLow', 'UnderPressure', 'ClockNotSynchronised', 'CertificateExpiring', 'HeldOnSite'];
  const conditions = said.map((code) => ({ code, severity: 'warning', count: 0, since: '' }));
  t.deepEqual(await codesOf(t, { conditions }), ['CertificateExpiring', 'HeldOnSite']);
});

test('an agent that answers and has not looked for a while is not well', async (t) => {
  const old = { lookedAt: '2026-11-23T09:00:00.000Z', isOld: true };
  t.deepEqual(await codesOf(t, {}), []);
  t.deepEqual(await codesOf(t, { cluster: { ...old, state: 'ready' } }), ['AGENT_STUCK']);
  t.deepEqual(await codesOf(t, { health: old }), ['AGENT_STUCK']);
  const away = { cluster: { lookedAt: old.lookedAt, isOld: false, state: 'away' }, health: old };
  t.deepEqual(await codesOf(t, away), [], 'nobody can look at what is away');
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('files of another user in the folder are named when no agent runs', async (t) => {
  const folder = scratch(t);
  mkdirSync(join(folder, 'keys'));
  writeFileSync(join(folder, 'state.db'), '');
  t.deepEqual(await codes(folder, { folder }), ['AGENT_NOT_RUNNING']);
  chownSync(folder, 4_242, 4_242);
  t.deepEqual(await codes(folder, { folder }), ['DATA_OWNERS_DIFFER', 'AGENT_NOT_RUNNING']);
});
