// A person on site at a real fleet: a real agent, a real control plane, a real Kubernetes, and the commands as processes. Hold and
// release, what left the building, a bundle for support, and an orderly end that leaves the workloads alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import type { AgentStatus } from '../../agent/local/agent-status.ts';
import type { ShownMessage } from '../../agent/local/ledger-screen.ts';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import { programs } from '../../dev/start/commands.ts';
import { eventually, inSeconds } from '../support/eventually.ts';
import { configMap, writeSource } from '../support/release-source.ts';
import { type RunningFleet, runningFleet } from '../support/running-fleet.ts';

const names = ['patient-list-9434765919', 'icu-ws-07.ward.example', 'dr-jane-doe'];

const source = (version: string) => ({
  'release.yaml': [
    'name: on-site',
    `version: "${version}"`,
    'kubernetes: ["1.36"]',
    'components:',
    '  - {name: app, path: app, namespace: on-site}',
  ].join('\n'),
  'app/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: on-site\n',
  ...Object.fromEntries(names.map((name) => [`app/${name}.yaml`, configMap(name)])),
});

const exec = systemExec(environment());

test.serial('a person on site', async (t) => {
  t.timeout(280_000);
  const fleet = await runningFleet(t, { TRE_AGENT_RECONNECT_CAP: '5s' });
  const agent = (...args: readonly string[]) =>
    exec.run(process.execPath, [programs.agent, ...args, '--socket', fleet.layout.agentSocket], {
      timeoutMs: 60_000,
    });
  const first = await fleet.publish(writeSource(t, source('1.0.0')));
  await fleet.applied(await fleet.assign(first.release));
  await holdAndRelease(t, fleet, agent);
  await whatLeft(t, agent);
  await bundle(t, fleet, agent);

  const ended = await agent('shutdown');
  t.is(ended.code, 0, ended.stderr);
  t.regex(ended.stdout, /^Nothing is applied[^\n]*\nAll reports have been sent\.\n/);
  t.is((await agent('status')).code, 4);
  for (const object of first.objects) t.not(await fleet.live.get(object), undefined, 'workloads stay');
  const alone = await agent('ledger', '--data', fleet.layout.agent, '--summary');
  t.regex(alone.stdout, /Hello\.boot_id, /, 'the ledger is there without an agent');
});

type Agent = (...args: readonly string[]) => ReturnType<typeof exec.run>;

async function holdAndRelease(t: ExecutionContext, fleet: RunningFleet, agent: Agent): Promise<void> {
  const second = await fleet.publish(writeSource(t, source('2.0.0')));
  t.is((await agent('hold', '--for', '8h', '--why', `asked by ${names[2]}`)).code, 0);
  await fleet.assign(second.release);
  await fleet.until(({ refused }) => refused?.code === 'SITE_HELD');
  const held = JSON.parse((await agent('status', '-o', 'json')).stdout) as AgentStatus;
  t.like(held, { hold: { why: `asked by ${names[2]}` }, refusal: { code: 'SITE_HELD' } });
  t.is(held.wanted?.generation, 1);
  t.true(held.conditions.some(({ code }) => code === 'HeldOnSite'));
  t.is((await agent('release-hold')).code, 0);
  const tookMs = await eventually(
    async () =>
      (JSON.parse((await agent('status', '-o', 'json')).stdout) as AgentStatus).wanted?.generation === 2,
    { what: 'the second generation', timeoutMs: 15_000 },
  );
  t.log(`accepted ${inSeconds(tookMs)} after the release`);
  await fleet.applied(2);
}

/** No name leaves; what numbers mean here is said beside them. */
async function whatLeft(t: ExecutionContext, agent: Agent): Promise<void> {
  const { stdout } = await agent('ledger', '--since', '1h', '-o', 'json');
  const messages = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ShownMessage);
  const kinds = new Set(messages.map(({ message }) => message));
  for (const kind of ['BeginRequest', 'CollectRequest', 'Hello', 'Report', 'FetchRequest'])
    t.true(kinds.has(kind), kind);
  const values = messages.flatMap(({ fields }) => fields.map(({ value }) => String(value)));
  t.deepEqual(
    values.filter((value) => names.some((name) => value.includes(name))),
    [],
  );
  t.true(values.includes('(secret, not kept)'));
  t.log(`${messages.length} messages with ${values.length} fields`);
}

async function bundle(t: ExecutionContext, fleet: RunningFleet, agent: Agent): Promise<void> {
  const out = join(fleet.layout.root, 'bundle.tar.gz');
  const ran = await agent('support-bundle', '--yes', '--out', out);
  t.is(ran.code, 0, ran.stderr);
  const text = gunzipSync(readFileSync(out)).toString('utf8');
  const { site } = JSON.parse((await agent('status', '-o', 'json')).stdout) as AgentStatus;
  const secrets = [...names, 'on-site', site?.name ?? '', fleet.layout.root, 'PRIVATE KEY', 'localhost'];
  t.deepEqual(
    secrets.filter((secret) => text.includes(secret)),
    [],
  );
}
