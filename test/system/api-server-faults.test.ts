// An API server that is away, or answers 401, 403, 429 or 5xx to everything or only to changes: the site shows the one
// right condition at both ends, changes nothing, and goes on by itself when the fault ends. A real Kubernetes behind a
// proxy that can be told to answer so, a real agent process, a real control plane.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../daemon/clock.ts';
import { kubeconfigText } from '../../dev/kubernetes/kubeconfig.ts';
import { type ConditionCode, conditions, isConditionCode } from '../../proto/conditions.ts';
import { type AgentProcess, agentProcess, writeJoinFile } from '../support/agent-process.ts';
import { type AuditLog, auditLogOf } from '../support/audit-log.ts';
import { accessOf } from '../support/cluster-site.ts';
import { publishRelease, startControlPlane, type TestControlPlane } from '../support/control-plane.ts';
import { configMapObject, keysetOf, makeRelease, newSigner, signaturesOf } from '../support/documents.ts';
import { faults, inject } from '../support/fault-proxy.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';
import {
  type Interference,
  type RecordedRequest,
  type RecordingProxy,
  recordingProxy,
} from '../support/recording-proxy.ts';
import { openRelay, type Relay } from '../support/relay.ts';

const kubernetes = sharedKubernetes();
const alice = newSigner('alice');
const settings = '/api/v1/namespaces/demo/configmaps/settings';
/** Longest pause of an agent whose API server was away for a moment, and some more. */
const recoveryBarMs = 12_000;

interface Site {
  readonly plane: TestControlPlane;
  readonly agent: AgentProcess;
  readonly proxy: RecordingProxy;
  readonly relay: Relay;
  readonly changes: AuditLog;
}

interface SiteAnswer {
  readonly waiting: readonly { readonly fingerprint: string }[];
  readonly contact: { readonly connected: boolean };
  readonly objects: readonly { readonly code: string; readonly object: { readonly name: string } | null }[];
  readonly state: {
    readonly generation: number;
    readonly applied: boolean;
    readonly conditions: readonly { readonly code: string; readonly count: number; readonly next: string }[];
  } | null;
}

const opened = new AsyncDisposableStack();
let running: Site | undefined;
let generation = 0;

test.after.always('the site and its control plane stop', () => opened.disposeAsync());

function site(): Site {
  if (running === undefined) throw new Error('the site does not run');
  return running;
}

test.serial('a site behind the proxy runs what it was assigned', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tre-faults-'));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const [data, home] = ['control-plane', 'agent'].map((name) => join(folder, name)) as [string, string];
  for (const one of [data, home]) mkdirSync(one);
  const plane = opened.use(await startControlPlane(data));
  await plane.rest('POST', '/v1/sites', { name: 'leeds' });
  const joinFile = join(folder, 'join.json');
  await writeJoinFile(joinFile, plane, { site: 'leeds', keyset: keysetOf(1, alice) });

  const direct = await accessOf(kubernetes().agentKubeconfig);
  const proxy = opened.use(await recordingProxy(direct));
  const relay = opened.use(await openRelay(Number(proxy.access.server.port)));
  const kubeconfig = join(folder, 'kubeconfig');
  const server = `https://127.0.0.1:${relay.port}`;
  const proof = direct.certificate ?? { token: '' };
  writeFileSync(kubeconfig, kubeconfigText({ server, user: 'tre-agent', ca: proxy.access.ca ?? '', proof }));
  const agent = opened.use(agentProcess({ folder: home, joinFile, kubeconfig }));
  await agent.start();
  running = { plane, agent, proxy, relay, changes: auditLogOf(kubernetes().auditLogFile, 'tre-agent') };
  const [machine] = (await until(({ waiting }) => waiting.length > 0)).waiting;
  await plane.rest('POST', '/v1/sites/leeds/approve', machine);
  await until(({ contact }) => contact.connected);
  await assignNext();
  t.true((await until(isApplied)).state?.applied);
});

async function view(): Promise<SiteAnswer> {
  return (await site().plane.rest<SiteAnswer>('GET', '/v1/sites/leeds')).body;
}

async function until(isSo: (seen: SiteAnswer) => boolean, timeoutMs = 10_000): Promise<SiteAnswer> {
  const deadline = systemClock.monotonic() + timeoutMs;
  for (;;) {
    const seen = await view();
    if (isSo(seen)) return seen;
    if (systemClock.monotonic() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${JSON.stringify(seen.state)}`);
    await systemClock.sleep(50);
  }
}

/** The next release differs from the one before in one object. Assigned, it makes the agent look at once. */
async function assignNext(): Promise<void> {
  generation += 1;
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } };
  const objects = [namespace, configMapObject('settings', { generation: String(generation) })];
  const made = makeRelease(objects, { version: String(generation) });
  const { plane } = site();
  await publishRelease(plane, made, signaturesOf(made.manifest, alice));
  await plane.rest('PUT', '/v1/sites/leeds/desired', { release: made.digest });
}

const isApplied = ({ state }: SiteAnswer): boolean => state?.generation === generation && state.applied;
const shows =
  (code: ConditionCode) =>
  ({ state }: SiteAnswer): boolean =>
    state?.generation === generation && state.conditions.some((one) => one.code === code);

type Mend = () => void | Promise<void>;

interface Fault {
  readonly condition: ConditionCode;
  /** As the person on site reads it. */
  readonly detail: RegExp;
  readonly start: () => Mend | Promise<Mend>;
}

const isChange = ({ method }: RecordedRequest): boolean => method !== 'GET';

/** During and after a fault that began before the newest document was accepted. */
async function survive(
  t: ExecutionContext,
  fault: Fault,
  during: (seen: SiteAnswer) => Promise<void>,
): Promise<void> {
  const { changes, agent } = site();
  await changes.mark();
  const mend = await fault.start();
  try {
    await assignNext();
    const seen = await until(shows(fault.condition));
    t.false(seen.state?.applied);
    t.true(seen.contact.connected);
    const { next } = conditions[fault.condition];
    t.like(
      seen.state?.conditions.find(({ code }) => code === fault.condition),
      { next },
      'for the operator',
    );
    const onSite = (await agent.status()).conditions.find(({ code }) => code === fault.condition);
    t.like(onSite, { next }, 'on site');
    await during(seen);
    t.like((await live()).body, { data: { generation: String(generation - 1) } });
    t.deepEqual(await changes.mutations(), [], 'nothing was changed');
  } finally {
    await mend();
  }
  const after = await until(isApplied, recoveryBarMs);
  t.deepEqual(grave(fault, after.state?.conditions), [], 'nothing is left to say');
  t.deepEqual(grave(fault, (await agent.status()).conditions), []);
  t.like((await live()).body, { data: { generation: String(generation) } });
  t.deepEqual(
    (await changes.mutations()).map(({ verb, path }) => `${verb} ${path}`),
    [`patch ${settings}`],
  );
}

/** What the fault brought, and whatever else is red; a machine may be busy, and its node be none. */
function grave(fault: Fault, held: readonly { readonly code: string }[] = []): readonly string[] {
  const isGrave = (code: string): boolean => isConditionCode(code) && conditions[code].severity === 'error';
  return held.map(({ code }) => code).filter((code) => code === fault.condition || isGrave(code));
}

const live = () => kubernetes().admin.request({ path: settings });

const away = test.macro({
  exec: async (t, fault: Fault) => {
    const { agent, proxy } = site();
    const before = proxy.requests.length;
    await survive(t, fault, async () => {
      const { cluster } = await agent.status();
      t.is(cluster.state, 'away');
      t.regex(cluster.detail ?? '', fault.detail);
      t.deepEqual(proxy.requests.slice(before).filter(isChange), [], 'a change was not even tried');
    });
  },
  title: (title, { condition }: Fault) =>
    `an API server that ${title}: ${condition}, nothing is changed, and it passes`,
});

const everything = (fault: Interference) => (): Mend => inject(site().proxy, fault);

test.serial('is away', away, {
  condition: 'ClusterUnreachable',
  detail: /ECONNREFUSED/,
  start: async () => {
    const { relay } = site();
    await relay.cut();
    return () => relay.mend();
  },
});
test.serial('answers 401', away, {
  condition: 'ClusterUnauthenticated',
  detail: /^401 Unauthorized/,
  start: everything(faults.unauthenticated),
});
test.serial('answers 403', away, {
  condition: 'ClusterForbidden',
  detail: /^403 forbidden/,
  start: everything(faults.forbidden),
});
test.serial('answers 429', away, {
  condition: 'ClusterBusy',
  detail: /^429 too many requests/,
  start: everything(faults.busy),
});

test.serial('an API server that asks for two seconds of rest is not asked again before', async (t) => {
  const { proxy } = site();
  await assignNext();
  await until(isApplied);
  const mend = inject(proxy, { ...faults.busy, headers: { 'retry-after': '2' } });
  // What a run asks first; those who look at health and isolation keep their own slow pace.
  const runs = (): number =>
    proxy.requests.filter(({ path }) => path.endsWith('/namespaces/kube-system')).length;
  const before = runs();
  await assignNext();
  while (runs() === before) await systemClock.sleep(5);
  const asked = runs();
  await assignNext();
  await systemClock.sleep(1_500);
  t.is(runs(), asked, 'not even for a new document');
  mend();
  t.true((await until(isApplied)).state?.applied);
});

test.serial('answers 500', away, {
  condition: 'ClusterFailing',
  detail: /^500 Internal error/,
  start: everything(faults.failing),
});
test.serial('answers 503', away, {
  condition: 'ClusterFailing',
  detail: /^503 apiserver not ready/,
  start: everything(faults.unavailable),
});

const unchangeable = test.macro({
  exec: async (t, fault: Fault, named: readonly string[]) => {
    await survive(t, fault, async ({ objects }) => {
      t.deepEqual(
        objects.map(({ code, object }) => `${code} ${object?.name ?? ''}`),
        named,
        'the operator sees which object waits',
      );
      const { problems } = await site().agent.status();
      t.deepEqual(
        problems.map(({ object }) => object),
        ['ConfigMap demo/settings'],
      );
      t.regex(problems[0]?.detail ?? '', fault.detail);
    });
  },
  title: (title, { condition }: Fault) =>
    `changes that meet ${title}: ${condition}, and they are made when it has passed`,
});

const changesOnly = (fault: Interference) => (): Mend => inject(site().proxy, fault, isChange);

test.serial(
  '401',
  unchangeable,
  {
    condition: 'ClusterUnauthenticated',
    detail: /^401 Unauthorized/,
    start: changesOnly(faults.unauthenticated),
  },
  [],
);
test.serial(
  '403',
  unchangeable,
  {
    condition: 'ClusterForbidden',
    detail: /^403 forbidden/,
    start: changesOnly(faults.forbidden),
  },
  ['ClusterForbidden settings'],
);
test.serial(
  '429',
  unchangeable,
  {
    condition: 'ClusterBusy',
    detail: /^429 too many requests/,
    start: changesOnly(faults.busy),
  },
  [],
);
test.serial(
  '500',
  unchangeable,
  {
    condition: 'ClusterFailing',
    detail: /^500 Internal error/,
    start: changesOnly(faults.failing),
  },
  ['ClusterFailing settings'],
);
