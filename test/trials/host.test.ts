// The machine as it is reported: a real agent in a namespace with a host name and a small data disk of its own, and the
// messages that a control plane gets from it. The cluster of this site is away: the machine is known nevertheless.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fromBinary } from '@bufbuild/protobuf';
import test, { type ExecutionContext } from 'ava';
import { askHardware, programEnvironment } from '../../agent/host/inspect-hardware.ts';
import type { AgentStatus } from '../../agent/local/agent-status.ts';
import { askAgent } from '../../agent/local/socket.ts';
import { systemClock } from '../../daemon/clock.ts';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import { programs } from '../../dev/start/commands.ts';
import { type ReportBody, ReportBodySchema } from '../../proto/gen/tre/v1/sync_pb.ts';
import { hardwareFacts, isHardwareName, isMeasureName, isSource } from '../../proto/measures.ts';
import { runArguments } from '../support/agent-process.ts';
import { keysetOf, newSigner, siteId } from '../support/documents.ts';
import { eventually } from '../support/eventually.ts';
import {
  answerAll,
  type ModelledControlPlane,
  modelledControlPlane,
} from '../support/modelled-control-plane.ts';
import { scratch } from '../support/scratch.ts';

const plantedName = 'planted-7f3a-host';
const diskMiB = 100;
/** What the store gives up when the disk is full lies there from the start. */
const filledMiB = 70;

const kubeconfig = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'away',
  contexts: [{ name: 'away', context: { cluster: 'away', user: 'away' } }],
  clusters: [{ name: 'away', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'away', user: { token: 'none' } }],
};

interface Site {
  readonly server: ModelledControlPlane;
  /** The agent's data folder as this process can reach it. */
  readonly data: string;
  readonly status: () => Promise<AgentStatus>;
}

/** Starts the agent; undefined for a user who may not make namespaces. */
async function site(
  t: ExecutionContext,
  settings: Readonly<Record<string, string>>,
): Promise<Site | undefined> {
  const exec = systemExec({ ...environment(), ...settings });
  if ((await exec.run('unshare', ['--mount', '--uts', 'true'])).code !== 0) return undefined;
  const folder = scratch(t);
  const server = await modelledControlPlane();
  t.teardown(() => server[Symbol.asyncDispose]());
  server.script.onMessage = (message, stream) => {
    const times = { heartbeatMs: 30_000, serverTimeMs: BigInt(systemClock.now()) };
    if (message.case !== 'hello') answerAll(message, stream);
    else stream.say({ case: 'welcome', value: { capability: 1, epoch: 1, ...times } });
  };
  const file = {
    type: 'tre.join/v1',
    siteId,
    siteName: 'north',
    address: `localhost:${server.port}`,
    caDigest: server.caDigest,
    token: 'join-token-of-a-test',
    director: newSigner('director').publicKey,
    keyset: keysetOf(1, newSigner('ada')),
  };
  const [joinFile, kubeFile] = [join(folder, 'north.join'), join(folder, 'kubeconfig')];
  writeFileSync(joinFile, JSON.stringify(file), { mode: 0o600 });
  writeFileSync(kubeFile, JSON.stringify(kubeconfig), { mode: 0o600 });
  const data = join(folder, 'data');
  const socket = join(folder, 'agent.sock');
  const logFile = join(folder, 'agent.log');
  const setUp = `hostname ${plantedName} && mkdir -m 700 "$1" && mount -t tmpfs -o size=${diskMiB}m,mode=700 none "$1" \
    && head -c ${filledMiB}M /dev/zero > "$1/big" && shift && exec "$@"`;
  const command = [
    process.execPath,
    programs.agent,
    ...runArguments({ data, socket, kubeconfig: kubeFile, joinFile }),
  ];
  const child = await exec.spawn('unshare', ['--mount', '--uts', 'sh', '-c', setUp, 'sh', data, ...command], {
    output: { file: logFile },
    group: true,
  });
  t.teardown(async () => {
    await child.stop();
    if (!t.passed) t.log(readFileSync(logFile, 'utf8'));
  });
  const status = async () => ((await askAgent(socket, { command: 'status' })) as [AgentStatus])[0];
  return { server, data: `/proc/${child.pid}/root${data}`, status };
}

/** What was reported so far, oldest first. */
function reported({ received }: ModelledControlPlane): readonly ReportBody['body'][] {
  return received.flatMap((message) =>
    message.case === 'report'
      ? message.value.rows.map((row) => fromBinary(ReportBodySchema, row.body).body)
      : [],
  );
}

type Reported = ReportBody['body'];
type ValueOf<Case extends Reported['case']> =
  Extract<Reported, { readonly case: Case }> extends {
    readonly value: infer Value;
  }
    ? Value
    : never;

/** The value of the newest report of a kind. */
function latest<Case extends 'state' | 'host' | 'hardware'>(
  server: ModelledControlPlane,
  wanted: Case,
): ValueOf<Case> | undefined {
  return reported(server).findLast((body) => body.case === wanted)?.value as ValueOf<Case> | undefined;
}

const conditionsOf = (server: ModelledControlPlane) =>
  latest(server, 'state')?.conditions.map(({ code }) => code) ?? [];
/** A sample is taken every 30 s. */
const timeoutMs = 60_000;

test.serial(
  'figures, conditions and hardware reach the control plane, and the name of the machine does not',
  async (t) => {
    const running = await site(t, {});
    if (running === undefined) {
      t.log('skipped: this user cannot make namespaces');
      t.pass();
      return;
    }
    const { server, data, status } = running;
    await eventually(() => conditionsOf(server).includes('DiskFull'), { what: 'DiskFull begins', timeoutMs });
    t.true(
      (await status()).conditions.some(({ code }) => code === 'DiskFull'),
      'on site too',
    );
    const full = latest(server, 'host');
    t.true(full?.measures.every(({ name, source }) => isMeasureName(name) && isSource(source)));
    const measure = (name: string) =>
      Number(latest(server, 'host')?.measures.find((one) => one.name === name)?.value);
    t.is(measure('disk.data.total'), diskMiB * 2 ** 20);
    await eventually(() => latest(server, 'hardware') !== undefined, {
      what: 'the hardware is reported',
      timeoutMs,
    });
    const { facts = [], identifying } = latest(server, 'hardware') ?? {};
    t.true(
      facts.some(({ name }) => name === 'memory.total') && facts.some(({ name }) => name === 'os.kernel'),
    );
    t.true(facts.every(({ name }) => isHardwareName(name) && !hardwareFacts[name].identifying));
    t.deepEqual(identifying, []);

    rmSync(join(data, 'big'));
    await eventually(() => !conditionsOf(server).includes('DiskFull'), { what: 'DiskFull ends', timeoutMs });
    await eventually(() => measure('disk.data.available') > filledMiB * 2 ** 20, {
      what: 'the free disk is reported',
      timeoutMs,
    });
    t.true(Math.abs(measure('clock.offset')) < 5_000, 'the clock of this very machine');
    const everything = server.received.map((message) =>
      JSON.stringify(message, (_key, value: unknown) =>
        value instanceof Uint8Array
          ? Buffer.from(value).toString('latin1')
          : typeof value === 'bigint'
            ? `${value}`
            : value,
      ),
    );
    t.false(everything.join('\n').includes(plantedName) || hostname() === plantedName);
  },
);

test.serial('a site that allows it reports the name of its machine, in the field for it', async (t) => {
  const running = await site(t, { TRE_AGENT_IDENTIFY: 'true' });
  if (running === undefined) {
    t.pass();
    return;
  }
  const { server } = running;
  await eventually(() => latest(server, 'hardware') !== undefined, {
    what: 'the hardware is reported',
    timeoutMs,
  });
  const named = latest(server, 'hardware')?.identifying.find(({ name }) => name === 'host.name');
  t.like(named, { value: plantedName, source: 'uname' });
});

test('a program that asks the machine and hangs is ended after twenty seconds, with what it started', async (t) => {
  const pidFile = join(scratch(t), 'pid');
  const hang = `trap '' TERM; sleep 1000 & echo $! > ${pidFile}; wait; sleep 1000`;
  const startedMs = systemClock.monotonic();
  const exec = systemExec(programEnvironment);
  const asking = askHardware(exec, { command: 'sh', args: ['-c', hang] }, new AbortController().signal);
  await t.throwsAsync(asking, { message: /took longer than 20000 ms/ });
  const tookMs = systemClock.monotonic() - startedMs;
  t.true(tookMs >= 20_000 && tookMs < 25_000, `${Math.round(tookMs)} ms`);
  const pid = readFileSync(pidFile, 'utf8').trim();
  const isGone = () => !existsSync(`/proc/${pid}`);
  await eventually(isGone, { what: 'its child is gone', timeoutMs: 5_000 });
});
