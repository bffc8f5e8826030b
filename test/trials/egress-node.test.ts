// Nothing leaves a real site that should not. A real node whose objects, pods, logs, events, nodes and rules are full of
// markers, the agent as a process of its own, a real control plane; and between the two somebody who reads every byte. The
// person on site sees the markers, nobody else does, and the ledger has what left, over a kill -9 of the agent too.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { openStore } from '../../agent/store/store.ts';
import { openAuthority } from '../../control-plane/trust/authority.ts';
import { trustFolder } from '../../control-plane/trust/initialise.ts';
import { systemClock } from '../../daemon/clock.ts';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import { createLog } from '../../daemon/log.ts';
import { programs } from '../../dev/start/commands.ts';
import { type OutgoingCopy, outgoingCopy } from '../../proto/egress.ts';
import { type AgentProcess, agentProcess, writeJoinFile } from '../support/agent-process.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';
import { keysetOf, makeRelease } from '../support/documents.ts';
import { type EgressTap, openEgressTap } from '../support/egress-tap.ts';
import { eventually, inSeconds } from '../support/eventually.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';
import { foundIn } from '../support/packed-forms.ts';
import { markers } from '../support/planted.ts';
import {
  holdReason,
  plantedRelease,
  plantNodeStatus,
  plantOnSite,
  printed,
  quotedByEvents,
  refusedName,
  shownOnSite,
  siteMarkers,
} from '../support/planted-cluster.ts';
import { scratch } from '../support/scratch.ts';
import { ada, assign, siteOf } from '../support/site-machine.ts';

const kubernetes = sharedKubernetes({ node: 'real' });
const exec = systemExec(environment());
const site = 'north';
const bootId = '019aaf00-0000-7000-8000-0000000000b0';

test.serial('a real site full of markers', async (t) => {
  t.timeout(180_000);
  const { admin, dataDir } = kubernetes();
  await plantOnSite(admin);
  const log: string[] = [];
  const data = scratch(t);
  const plane = await startControlPlane(
    data,
    {},
    createLog({ level: 'debug', write: (text) => log.push(text) }),
  );
  t.teardown(() => plane.stop());
  const { agent, tap } = await tappedAgent(t, plane);
  await assign(plane, site, makeRelease(plantedRelease()));
  await eventually(async () => (await agent.status()).wanted !== null, {
    what: 'the release is accepted',
    timeoutMs: 20_000,
  });
  t.is((await command(agent, 'hold', '--for', '1h', '--why', holdReason)).code, 0);

  await isShown(t, agent);
  await isPlanted(t, dataDir);
  // What waited and what was on its way is sent again by the next one, and is in the ledger again.
  await agent.kill();
  await agent.start();
  await eventually(async () => (await agent.status()).controlPlane.state === 'connected', {
    what: 'the second agent is connected',
    timeoutMs: 20_000,
  });
  await isShown(t, agent);
  const operator = await everythingAnOperatorSees(plane);
  const bundle = await supportBundle(t, agent);
  await agent.stop();
  await plane.stop();

  const calls = tap.calls();
  const messages = calls.flatMap(({ path, messages: sent }) =>
    sent.map((bytes) => outgoingCopy(path, bytes)),
  );
  t.log(`${messages.length} messages in ${calls.length} calls, ${tap.raw().length} bytes`);
  t.true(messages.filter(({ name }) => name === 'Report').length > 5);
  hasNone(t, markers, {
    'the bytes that left': tap.raw(),
    'the messages that left': Buffer.concat(calls.flatMap((call) => call.messages)),
    'the headers of the calls': Buffer.from(calls.map(({ headers }) => headers).join('\n')),
    'the log of the control plane': Buffer.from(log.join('')),
    'its metrics': Buffer.from(operator.metrics),
    'a bundle for support': bundle,
    'its files, but for the release': bytesBelow(data, (path) => !path.startsWith(join(data, 'content'))),
  });
  hasNone(t, siteMarkers, {
    'what an operator sees': Buffer.from(operator.pages),
    'all files of the control plane': bytesBelow(data),
  });
  hasNone(t, [agent.data, dataDir], { 'the bytes that left': tap.raw() });
  t.true(log.join('').length > 200 && operator.metrics.length > 200);
  await isInLedger(t, agent, messages);
});

/** The site has joined through the tap: also its enrolment is read. */
async function tappedAgent(
  t: ExecutionContext,
  plane: TestControlPlane,
): Promise<{ readonly agent: AgentProcess; readonly tap: EgressTap }> {
  const folder = scratch(t);
  const authority = await openAuthority(trustFolder(plane.data), { clock: systemClock, domain: 'localhost' });
  const tap = await openEgressTap({
    target: plane.addresses.agents,
    ca: plane.ca,
    identity: await authority.issueServerIdentity([]),
    leafFile: join(folder, 'data/keys/leaf.pem'),
  });
  t.teardown(() => tap[Symbol.asyncDispose]());
  await plane.rest('POST', '/v1/sites', { name: site });
  const joinFile = join(folder, 'join.json');
  await writeJoinFile(joinFile, plane, { site, keyset: keysetOf(1, ada), address: tap.address });
  const agent = agentProcess({
    kubeconfig: kubernetes().agentKubeconfig,
    joinFile,
    folder,
    flags: ['--log-level', 'debug', '--reconnect-cap', '2s'],
  });
  t.teardown(() => agent[Symbol.asyncDispose]());
  await agent.start();
  const fingerprint = async () => (await siteOf(plane, site)).waiting[0]?.fingerprint;
  await eventually(async () => (await fingerprint()) !== undefined, {
    what: 'the request',
    timeoutMs: 20_000,
  });
  await plane.rest('POST', `/v1/sites/${site}/approve`, { fingerprint: await fingerprint() });
  return { agent, tap };
}

const command = (agent: AgentProcess, ...args: readonly string[]) =>
  exec.run(process.execPath, [programs.agent, ...args, '--socket', agent.socket], { timeoutMs: 20_000 });

/** The person on site has them on the screen: the agent has seen them. */
async function isShown(t: ExecutionContext, agent: AgentProcess): Promise<void> {
  let screens = '';
  const tookMs = await eventually(
    async () => {
      await plantNodeStatus(kubernetes().admin);
      const told = [
        await command(agent, 'status', '-o', 'json'),
        await command(agent, 'explain', '-o', 'json'),
      ];
      screens = told.map(({ stdout }) => stdout).join('\n');
      return missing(shownOnSite, screens).length === 0;
    },
    {
      what: () => `the screens show ${missing(shownOnSite, screens).join(', ')} in\n${screens}`,
      timeoutMs: 60_000,
      intervalMs: 1_000,
    },
  );
  t.log(`${shownOnSite.length} markers on the screen after ${inSeconds(tookMs)}`);
}

/** All of them are in the cluster; the kubelet quotes some in its events, and the pods print some. */
async function isPlanted(t: ExecutionContext, dataDir: string): Promise<void> {
  const { admin } = kubernetes();
  const look = async (path: string) => JSON.stringify((await admin.request({ path })).body);
  const kinds = ['pods', 'nodes', 'configmaps', 'secrets', 'services', 'resourcequotas', 'events'];
  const rules = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
  const apps = ['/apis/apps/v1/deployments', '/apis/batch/v1/jobs'];
  const found = await Promise.all([...kinds.map((kind) => `/api/v1/${kind}`), ...apps, rules].map(look));
  const cluster = [...found, holdReason, refusedName].join('\n');
  t.deepEqual(foundIn(Buffer.from(cluster), markers), markers);
  t.deepEqual(missing(quotedByEvents, await look('/api/v1/events')), [], 'quoted by events');
  const logs = bytesBelow(dataDir, (path) => path.includes('/var/log/pods/')).toString();
  t.deepEqual(missing(printed, logs), [], 'printed by pods');
}

/** What somebody afar may get: as it is written, unpacked. */
async function supportBundle(t: ExecutionContext, agent: AgentProcess): Promise<Buffer> {
  const out = join(scratch(t), 'bundle.tar.gz');
  const written = await command(agent, 'support-bundle', '--yes', '--out', out);
  t.is(written.code, 0, written.stderr);
  const text = gunzipSync(readFileSync(out));
  t.true(
    text.includes('"ContainerCrashLooping"') && text.includes('"lastSequence"'),
    'it tells of this site',
  );
  return text;
}

async function everythingAnOperatorSees(plane: TestControlPlane) {
  const pages = [`/v1/sites/${site}`, '/v1/sites', '/v1/events', '/v1/audit'];
  const answers = await Promise.all(pages.map((path) => plane.rest<unknown>('GET', path)));
  const { body: metrics } = await plane.rest<string>('GET', '/metrics');
  return { pages: JSON.stringify(answers.map(({ body }) => body)), metrics };
}

type Places = Readonly<Record<string, Buffer>>;

/** Not as text, and not in the forms in which text is most often packed. */
function hasNone(t: ExecutionContext, texts: readonly string[], places: Places): void {
  for (const [place, bytes] of Object.entries(places)) {
    t.true(bytes.length > 0, place);
    t.deepEqual(foundIn(bytes, texts), [], place);
  }
}

function missing(wanted: readonly string[], text: string): readonly string[] {
  return wanted.filter((one) => !text.includes(one));
}

/** The contents of all files below a folder. */
function bytesBelow(folder: string, isMeant: (path: string) => boolean = () => true): Buffer {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).filter(isMeant);
  return Buffer.concat(paths.map((path) => readFileSync(path)));
}

/** What came is there, each as often as it came; what is there besides was on its way when a connection broke. */
async function isInLedger(
  t: ExecutionContext,
  agent: AgentProcess,
  arrived: readonly OutgoingCopy[],
): Promise<void> {
  const store = await openStore(agent.data, bootId, 0);
  const kept = store.ledger.after(0, 0, 1_000_000).map(({ message, body }) => keyOf({ name: message, body }));
  const { everSent } = store.ledger.extent();
  await store[Symbol.asyncDispose]();
  t.is(everSent, kept.length, 'nothing was dropped');
  for (const key of arrived.map(keyOf)) {
    const at = kept.indexOf(key);
    t.not(at, -1, `${key} came and is not in the ledger`);
    if (at !== -1) kept.splice(at, 1);
  }
  t.true(kept.length <= 3, `not arrived: ${kept.join(', ')}`);
}

const keyOf = ({ name, body }: OutgoingCopy): string => `${name} ${Buffer.from(body).toString('base64')}`;
