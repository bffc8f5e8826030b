// Bad input from people, files, machines and other programs: each is refused with its code, its exit code and a next
// step, and changes nothing: files and rows are compared before and after. Real programs, folders and ports. What a
// site refuses to its control plane is in hostile-control-plane.test.ts, a failing API server in api-server-faults.test.ts.
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import test, { type ExecutionContext } from 'ava';
import { registerKey } from '../../cli/key.ts';
import { registerLogin } from '../../cli/login.ts';
import { registerReleaseBuild } from '../../cli/release-build.ts';
import { registerReleasePublish } from '../../cli/release-publish.ts';
import { registerReleaseSign } from '../../cli/release-sign.ts';
import { registerReleaseVerify } from '../../cli/release-verify.ts';
import { registerSiteList } from '../../cli/site-list.ts';
import { createAuthority } from '../../control-plane/trust/authority.ts';
import { systemClock } from '../../daemon/clock.ts';
import { environment } from '../../daemon/config.ts';
import { type RunResult, systemExec } from '../../daemon/exec.ts';
import { kubeconfigText } from '../../dev/kubernetes/kubeconfig.ts';
import { programs } from '../../dev/start/commands.ts';
import { type ErrorCode, errors } from '../../proto/errors.ts';
import { CallFailed } from '../../proto/grpc.ts';
import type { JoinFile } from '../../proto/join-file.ts';
import { begin, joinSite, newMachine, openChannel, openStream } from '../support/agent-client.ts';
import { agentProcess, runAgent, runArguments, writeJoinFile } from '../support/agent-process.ts';
import { filesOf, rowsOf } from '../support/before-after.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';
import { keysetOf, newSigner } from '../support/documents.ts';
import { configMap, releaseYaml, writeSource } from '../support/release-source.ts';
import { scratch } from '../support/scratch.ts';
import { type Ran, runTrectl } from '../support/trectl.ts';

const exec = systemExec(environment());
const frameBytes = 5 * 1024 * 1024;
const failed = 1;
const usage = 2;
const refused = 3;
const unreachable = 4;

/** The words of a refusal: its code, the facts of the case, and the next step of that code. */
function says(
  t: ExecutionContext,
  ran: Pick<RunResult, 'code' | 'stderr'>,
  expected: { readonly exit: number; readonly code: ErrorCode; readonly fact: RegExp },
): void {
  const { exit, code, fact } = expected;
  t.is(ran.code, exit, ran.stderr);
  t.true(ran.stderr.includes(`${code}: `), ran.stderr);
  t.regex(ran.stderr, fact);
  t.true(ran.stderr.includes(errors[code].next), ran.stderr);
}

// Release authors

const authoring = [
  registerKey,
  registerReleaseBuild,
  registerReleaseSign,
  registerReleaseVerify,
  registerReleasePublish,
  registerLogin,
  registerSiteList,
];

interface Desk {
  readonly folder: string;
  /** Runs trectl; `@name` is a file of the folder. */
  readonly trectl: (...args: string[]) => Promise<Ran>;
  /** The same, and it must succeed. */
  readonly done: (...args: string[]) => Promise<void>;
}

/** A source, and `@out` built and signed from it. */
async function desk(t: ExecutionContext): Promise<Desk> {
  const folder = writeSource(t, { 'src/release.yaml': releaseYaml(), 'src/app/a.yaml': configMap('a') });
  const environment = { XDG_CONFIG_HOME: join(folder, 'config') };
  const trectl = (...args: string[]): Promise<Ran> =>
    runTrectl(
      authoring,
      args.map((arg) => arg.replace(/^@/, `${folder}/`)),
      environment,
    );
  const done = async (...args: string[]): Promise<void> => {
    const ran = await trectl(...args);
    t.is(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
  };
  await done('key', 'new', 'alice', '--out', '@keys');
  await done('key', 'set', '@keys/alice.pub', '--threshold', '1', '--out', '@keyset.json');
  await done('release', 'build', '@src', '--out', '@out');
  await done('release', 'sign', '@out', '--key', '@keys/alice.key');
  return { folder, trectl, done };
}

const spoilt = test.macro({
  async exec(t, spoil: (source: string) => void, code: ErrorCode, place: string) {
    const { folder, trectl } = await desk(t);
    spoil(join(folder, 'src'));
    const before = filesOf(folder);
    const ran = await trectl('release', 'build', '@src', '--out', '@out');
    says(t, ran, { exit: refused, code, fact: new RegExp(`src/${place}: ${code}: `) });
    t.is(ran.stdout, '');
    t.deepEqual(filesOf(folder), before, 'neither the source nor the earlier build was touched');
  },
  title: (title, _spoil, code) => `${title} is refused with ${code}, and the earlier build stays`,
});

test.serial(
  'a folder without release.yaml',
  spoilt,
  (source) => rmSync(join(source, 'release.yaml')),
  'RELEASE_FILE_MISSING',
  'release\\.yaml:1',
);
test.serial(
  'a release.yaml with a field that nobody knows',
  spoilt,
  (source) => writeFileSync(join(source, 'release.yaml'), releaseYaml('colour: red')),
  'RELEASE_FILE_INVALID',
  'release\\.yaml:6',
);
test.serial(
  'a release.yaml that is no YAML',
  spoilt,
  (source) => writeFileSync(join(source, 'release.yaml'), 'name: [sample'),
  'RELEASE_FILE_INVALID',
  'release\\.yaml:1',
);
test.serial(
  'YAML that is not Kubernetes',
  spoilt,
  (source) => writeFileSync(join(source, 'app/b.yaml'), '# a playbook\n- hosts: all\n'),
  'NOT_KUBERNETES',
  'app/b\\.yaml:2',
);

test.serial(
  'a tampered object is refused by verify and by publish, and nothing of the release arrives',
  async (t) => {
    const { folder, trectl, done } = await desk(t);
    const plane = await planeOf(t);
    await loginTo(plane, { folder, done });
    await done('release', 'verify', '@out', '--keyset', '@keyset.json');
    const blobs = join(folder, 'out/blobs/sha256');
    const [name = ''] = readdirSync(blobs);
    writeFileSync(join(blobs, name), readFileSync(join(blobs, name), 'utf8').replace('"v"', '"w"'));
    const before = booksOf(plane);
    const fact = /ConfigMap a: .*blobs\/sha256\/[0-9a-f]{64} was changed/;
    for (const args of [
      ['release', 'verify', '@out', '--keyset', '@keyset.json'],
      ['release', 'publish', '@out'],
    ])
      says(t, await trectl(...args), { exit: refused, code: 'DIGEST_MISMATCH', fact });
    t.deepEqual(booksOf(plane), before);
  },
);

test.serial('a tampered object sent past trectl is refused too', async (t) => {
  const plane = await planeOf(t);
  const before = booksOf(plane);
  const contents = [{ digest: `sha256:${'0'.repeat(64)}`, text: '{}' }];
  const { status, body } = await plane.rest('POST', '/v1/content', { contents });
  t.is(status, 400);
  t.like(body, { code: 'DIGEST_MISMATCH', next: errors.DIGEST_MISMATCH.next });
  t.deepEqual(booksOf(plane), before);
});

test.serial('a login to a server of another CA is refused, and the login before it stays', async (t) => {
  const { folder, trectl, done } = await desk(t);
  const plane = await planeOf(t);
  await loginTo(plane, { folder, done });
  mkdirSync(join(folder, 'other'));
  await createAuthority(join(folder, 'other'), systemClock);
  const before = [filesOf(folder), booksOf(plane)];
  const again = ['login', '--server', plane.addresses.api, '--ca', '@other/ca.pem', '--token-file', '@token'];
  says(t, await trectl(...again), { exit: refused, code: 'CERTIFICATE_UNTRUSTED', fact: /localhost:\d+/ });
  t.deepEqual([filesOf(folder), booksOf(plane)], before);
  await done('site', 'list');
});

// Whoever dials a control plane

test.serial('a frame of 5 MiB is refused by both listeners, with and without a certificate', async (t) => {
  const plane = await planeOf(t);
  const site = await joinSite(plane, 'leeds');
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  await stream.until('welcome');
  const channel = openChannel(site.door);
  t.teardown(() => channel.close());
  const before = booksOf(plane);

  const body = new Uint8Array(frameBytes);
  const row = { bootId: '019aaf00-0000-7000-8000-0000000000b1', sequence: 1n, body };
  await stream.duplex
    .send({ message: { case: 'report', value: { rows: [row] } } } as never)
    .catch(() => undefined);
  t.is((await t.throwsAsync(stream.until('ack'), { instanceOf: CallFailed }))?.code, 'FRAME_TOO_LARGE');
  const stranger = begin(channel, await newMachine(site.siteId), 'token', { csr: body });
  t.is((await t.throwsAsync(stranger, { instanceOf: CallFailed }))?.code, 'FRAME_TOO_LARGE');
  const answer = await plane.rest('POST', '/v1/sites', { name: 'york', why: 'x'.repeat(frameBytes) });
  t.is(answer.status, 413);
  t.like(answer.body, { code: 'RELEASE_TOO_LARGE', next: errors.RELEASE_TOO_LARGE.next });

  t.deepEqual(booksOf(plane), before);
  const next = await openStream(site);
  t.teardown(() => next.close());
  await next.until('welcome');
  t.is((await plane.rest('GET', '/healthz')).status, 200);
});

interface SiteAnswer {
  readonly problem: { readonly code: string; readonly next: string } | null;
  readonly contact: object;
}

test.serial(
  'an agent of an unknown capability is refused, the operator sees why, and what it says of itself is not believed',
  async (t) => {
    const plane = await planeOf(t);
    const site = await joinSite(plane, 'leeds');
    const stream = await openStream(site);
    await stream.until('welcome');
    stream.close();
    const before = (await plane.rest<SiteAnswer>('GET', '/v1/sites/leeds')).body;

    const digest = `sha256:${'7'.repeat(64)}`;
    const newer = await openStream(site, { capability: 99, epoch: 9, generation: 9, documentDigest: digest });
    t.teardown(() => newer.close());
    const error = await t.throwsAsync(newer.until('welcome'), { instanceOf: CallFailed });
    t.is(error?.code, 'CAPABILITY_UNSUPPORTED');
    t.regex(error?.message ?? '', /The agent has capability 99/);
    const after = (await plane.rest<SiteAnswer>('GET', '/v1/sites/leeds')).body;
    t.like(after.problem, { code: 'CAPABILITY_UNSUPPORTED', next: errors.CAPABILITY_UNSUPPORTED.next });
    t.deepEqual({ ...after, problem: null, contact: before.contact }, before);
  },
);

// A control plane and its machine

function controlPlane(...args: string[]): Promise<RunResult> {
  return exec.run(process.execPath, [programs.controlPlane, ...args], { timeoutMs: 20_000 });
}

/** As a user whom file modes bind, which root is only without these two capabilities. */
function underFileModes(program: string, ...args: string[]): Promise<RunResult> {
  const command = [process.execPath, program, ...args];
  const drop = '-dac_override,-dac_read_search';
  const wrapped =
    process.getuid?.() === 0
      ? ['setpriv', `--bounding-set=${drop}`, `--inh-caps=${drop}`, ...command]
      : command;
  return exec.run(wrapped[0] ?? '', wrapped.slice(1), { timeoutMs: 20_000 });
}

test.serial('a data folder that cannot be entered or written is refused and stays', async (t) => {
  const data = scratch(t);
  for (const [command, mode] of [
    ['init', 0o500],
    ['run', 0o000],
  ] as const) {
    chmodSync(data, mode);
    const ran = await underFileModes(programs.controlPlane, command, '--data', data);
    chmodSync(data, 0o700);
    says(t, ran, { exit: failed, code: 'DATA_UNREADABLE', fact: /tre-test-/ });
    t.deepEqual(readdirSync(data), []);
  }
});

test.serial('a second control plane on the same folder is refused, and the first goes on', async (t) => {
  const plane = await planeOf(t);
  const before = booksOf(plane);
  const ran = await controlPlane('run', '--data', plane.data, '--grpc-port', '0', '--http-port', '0');
  says(t, ran, {
    exit: refused,
    code: 'DATA_LOCKED',
    fact: new RegExp(`in use by process ${process.pid}\\b`),
  });
  t.deepEqual(booksOf(plane), before);
  t.is((await plane.rest('GET', '/v1/sites')).status, 200);
});

for (const flag of ['--grpc-port', '--http-port']) {
  test.serial(`a ${flag} that is taken is named, and nothing else is left listening`, async (t) => {
    const plane = await planeOf(t);
    await plane.stop();
    const before = booksOf(plane);
    const port = await takenPort(t);
    const other = flag === '--grpc-port' ? '--http-port' : '--grpc-port';
    const ran = await controlPlane('run', '--data', plane.data, flag, String(port), other, '0');
    says(t, ran, { exit: failed, code: 'PORT_TAKEN', fact: new RegExp(`127\\.0\\.0\\.1:${port}`) });
    t.deepEqual(booksOf(plane), before);
  });
}

test.serial('npm run kubernetes: a taken port is named, and nothing is started', async (t) => {
  const data = scratch(t);
  const port = await takenPort(t);
  writeFileSync(join(data, 'ports.json'), JSON.stringify({ apiServer: port }));
  const program = join(import.meta.dirname, '../../dev/kubernetes/kubernetes.ts');
  const run = (command: string): Promise<RunResult> =>
    exec.run(process.execPath, [program, command, '--data', data, '-o', 'json'], { timeoutMs: 30_000 });
  says(t, await run('up'), {
    exit: failed,
    code: 'PORT_TAKEN',
    fact: new RegExp(`port ${port} of 127\\.0\\.0\\.1`),
  });
  t.like(JSON.parse((await run('status')).stdout), { state: 'stopped' });
});

// An agent and its machine

interface Bench {
  readonly plane: TestControlPlane;
  readonly folder: string;
  readonly joinFile: string;
  /** Of a Kubernetes that is away: nothing here gets that far. */
  readonly kubeconfig: string;
}

/** A site that waits for its first machine, and a folder for that machine. */
async function bench(t: ExecutionContext): Promise<Bench> {
  const plane = await planeOf(t);
  await plane.rest('POST', '/v1/sites', { name: 'leeds' });
  const folder = scratch(t);
  const [joinFile, kubeconfig] = [join(folder, 'join.json'), join(folder, 'kubeconfig')];
  await writeJoinFile(joinFile, plane, { site: 'leeds', keyset: keysetOf(1, newSigner('alice')) });
  const facts = { server: 'https://127.0.0.1:1', user: 'tre-agent', ca: plane.ca, proof: { token: 'none' } };
  writeFileSync(kubeconfig, kubeconfigText(facts), { mode: 0o600 });
  return { plane, folder, joinFile, kubeconfig };
}

const unwelcome = test.macro({
  async exec(
    t,
    code: ErrorCode,
    fact: RegExp,
    spoil: (file: JoinFile, plane: TestControlPlane) => Promise<object> | object,
  ) {
    const { plane, ...places } = await bench(t);
    const file = JSON.parse(readFileSync(places.joinFile, 'utf8')) as JoinFile;
    const changes = await spoil(file, plane);
    writeFileSync(places.joinFile, JSON.stringify({ ...file, ...changes }));
    const before = booksOf(plane);
    says(t, await runAgent(places), { exit: refused, code, fact });
    t.deepEqual(booksOf(plane), before);
  },
  title: (title, code) =>
    `an agent with ${title} ends with ${code}, and the control plane keeps nothing of it`,
});

test.serial('a token that nobody issued', unwelcome, 'TOKEN_UNKNOWN', /not known/, ({ token }) => ({
  token: `${token.slice(0, -4)}AAAA`,
}));
test.serial('a token of another site', unwelcome, 'TOKEN_UNKNOWN', /not known/, async (_file, plane) => {
  await plane.rest('POST', '/v1/sites', { name: 'york' });
  const { body } = await plane.rest<{ token: string }>('POST', '/v1/sites/york/join-token', {});
  return { token: body.token };
});
test.serial(
  'a token that another machine has used',
  unwelcome,
  'TOKEN_USED',
  /used already/,
  async (file, plane) => {
    const channel = openChannel({ address: plane.addresses.agents, ca: plane.ca });
    await begin(channel, await newMachine(file.siteId), file.token);
    channel.close();
    return {};
  },
);
test.serial('a token that has expired', unwelcome, 'TOKEN_EXPIRED', /has expired/, async (_file, plane) => {
  const { body } = await plane.rest<{ token: string }>('POST', '/v1/sites/leeds/join-token', {
    lifeSeconds: 1,
  });
  await systemClock.sleep(1_100);
  return { token: body.token };
});
test.serial('the digest of another CA', unwelcome, 'CA_MISMATCH', /does not show the CA/, () => ({
  caDigest: `sha256:${'7'.repeat(64)}`,
}));
test.serial('a join file of another form', unwelcome, 'JOIN_FILE_INVALID', /not valid/, () => ({
  keyset: null,
}));

test.serial('an agent without its join file or kubeconfig says which one is missing', async (t) => {
  const { plane: _, ...places } = await bench(t);
  const nowhere = join(places.folder, 'nowhere');
  for (const missing of [{ joinFile: nowhere }, { kubeconfig: nowhere }])
    says(t, await runAgent({ ...places, ...missing }), {
      exit: failed,
      code: 'FILE_UNREADABLE',
      fact: /nowhere/,
    });
  const unnamed = await runAgent({ ...places, joinFile: '' });
  says(t, unnamed, { exit: refused, code: 'NOT_JOINED', fact: /has not joined/ });
  writeFileSync(nowhere, 'kind: Config\n');
  const fact = /current-context/;
  says(t, await runAgent({ ...places, kubeconfig: nowhere }), {
    exit: usage,
    code: 'KUBECONFIG_INVALID',
    fact,
  });
});

test.serial('agent: a file in the place of the data folder is refused and stays', async (t) => {
  const { plane: _, ...places } = await bench(t);
  writeFileSync(join(places.folder, 'data'), 'precious');
  const before = filesOf(places.folder);
  says(t, await runAgent(places), { exit: failed, code: 'DATA_UNREADABLE', fact: /data/ });
  t.deepEqual(filesOf(places.folder), before);
});

for (const [title, mode] of [
  ['entered', 0o000],
  ['written', 0o500],
] as const) {
  test.serial(`agent: a data folder that cannot be ${title} is refused and stays`, async (t) => {
    const { plane, folder, joinFile, kubeconfig } = await bench(t);
    const before = booksOf(plane);
    const data = join(folder, 'data');
    mkdirSync(data, { mode });
    const socket = join(folder, 'agent.sock');
    const args = runArguments({ data, socket, joinFile, kubeconfig });
    const ran = await underFileModes(programs.agent, ...args);
    chmodSync(data, 0o700);
    says(t, ran, { exit: failed, code: 'DATA_UNREADABLE', fact: /data/ });
    t.deepEqual(readdirSync(data), []);
    t.deepEqual(booksOf(plane), before, 'the token was not spent');
  });
}

test.serial(
  'a second agent on the same folder or the same socket is refused, and the first goes on',
  async (t) => {
    const { plane: _, ...places } = await bench(t);
    await using agent = agentProcess(places);
    await agent.start();
    const { data, socket } = agent;
    const other = join(places.folder, 'other');
    const attempt = (where: { readonly data: string; readonly socket: string }): Promise<RunResult> =>
      exec.run(process.execPath, [programs.agent, ...runArguments({ ...places, ...where })], {
        timeoutMs: 20_000,
      });
    const sameFolder = await attempt({ data, socket: `${other}.sock` });
    says(t, sameFolder, { exit: refused, code: 'DATA_LOCKED', fact: /in use by process \d+/ });
    const sameSocket = await attempt({ data: other, socket });
    says(t, sameSocket, { exit: refused, code: 'DATA_LOCKED', fact: /another agent answers at/ });
    t.like((await agent.printedStatus()).site, { name: 'leeds' });
    await agent.stop();
    const nobody = await exec.run(process.execPath, [programs.agent, 'status', '--socket', socket]);
    says(t, nobody, { exit: unreachable, code: 'AGENT_NOT_RUNNING', fact: /agent\.sock/ });
  },
);

/** Somebody listens there until the test ends. */
async function takenPort(t: ExecutionContext): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as { port: number }).port;
}

async function planeOf(t: ExecutionContext): Promise<TestControlPlane> {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  return plane;
}

async function loginTo(plane: TestControlPlane, { folder, done }: Omit<Desk, 'trectl'>): Promise<void> {
  copyFileSync(join(plane.data, 'trust/ca.pem'), join(folder, 'ca.pem'));
  writeFileSync(join(folder, 'token'), plane.token, { mode: 0o600 });
  await done('login', '--server', plane.addresses.api, '--ca', '@ca.pem', '--token-file', '@token');
}

/** All rows and files of a control plane. */
function booksOf({ data }: TestControlPlane): readonly unknown[] {
  return [rowsOf(join(data, 'control-plane.db')), filesOf(data)];
}
