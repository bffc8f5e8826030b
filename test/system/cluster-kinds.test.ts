// The reconcile core on a real API server: kinds with a will of their own. Jobs that cannot be changed or remove
// themselves, definitions and their objects, maps that become empty.
import test, { type ExecutionContext } from 'ava';
import type { Run } from '../../agent/reconcile.ts';
import { accessOf, type ClusterSite, clusterSite, type Manifest } from '../support/cluster-site.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';
import { scratch } from '../support/scratch.ts';

const kubernetes = sharedKubernetes({ node: 'simulated', agentGroups: ['tre.example'] });

async function site(t: ExecutionContext): Promise<ClusterSite> {
  const opened = await clusterSite({
    folder: scratch(t),
    access: await accessOf(kubernetes().agentKubeconfig),
  });
  t.teardown(() => opened[Symbol.asyncDispose]());
  return opened;
}

const steps = ({ results }: Run): string =>
  results.map((result) => (result.step.kind === 'apply' ? result.step.reason : result.step.kind)).join(' ');

async function read(path: string): Promise<Record<string, unknown> | undefined> {
  const { status, body } = await kubernetes().admin.request({ path });
  return status === 200 ? (body as Record<string, unknown>) : undefined;
}
const uidOf = (object: Record<string, unknown> | undefined): unknown =>
  (object?.['metadata'] as { readonly uid?: string } | undefined)?.uid;

async function eventually(check: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await check()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

const namespace = (name: string): Manifest => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const job = (home: string, image: string, spec: object = {}): Manifest => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'setup', namespace: home },
  spec: { ...spec, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image }] } } },
});
const jobPath = (home: string): string => `/apis/batch/v1/namespaces/${home}/jobs/setup`;

const pods = async (): Promise<readonly unknown[]> => {
  const list = await read('/api/v1/namespaces/jobs/pods');
  return (list?.['items'] ?? []) as readonly unknown[];
};

test.serial('a Job whose template changed is made again, and its old pods go with it', async (t) => {
  const core = await site(t);
  core.want([namespace('jobs'), job('jobs', 'example.org/one')]);
  await core.settle();
  const first = uidOf(await read(jobPath('jobs')));
  t.true(await eventually(async () => (await pods()).length === 1));

  core.want([namespace('jobs'), job('jobs', 'example.org/two')]);
  t.true((await core.settle()).plan.applied);
  const second = await read(jobPath('jobs'));
  t.not(uidOf(second), first);
  t.regex(JSON.stringify(second), /example.org\/two/);
  t.true(await eventually(async () => !JSON.stringify(await pods()).includes(String(first))));

  core.want([namespace('jobs'), job('jobs', 'example.org/two', { backoffLimit: 3 })]);
  t.is(steps(await core.settle()), 'intend update');
  t.is(uidOf(await read(jobPath('jobs'))), uidOf(second));
});

test.serial('a Job that its TTL removed is no drift and runs again only when it changes', async (t) => {
  const core = await site(t);
  const withTtl = job('ttl', 'example.org/one', { ttlSecondsAfterFinished: 1 });
  core.want([namespace('ttl'), withTtl]);
  await core.settle();
  const gone = async (): Promise<boolean> => {
    const run = await core.run();
    if (!run.plan.applied || run.results.length > 0) t.fail(`drift: ${steps(run)}`);
    return (await read(jobPath('ttl'))) === undefined;
  };
  t.true(await eventually(gone));
  const after = await core.run();
  t.deepEqual([after.plan.applied, after.plan.appliedCount, after.results.length], [true, 2, 0]);

  core.want([namespace('ttl'), job('ttl', 'example.org/two', { ttlSecondsAfterFinished: 60 })]);
  await core.settle();
  t.not(await read(jobPath('ttl')), undefined);
});

test.serial('a Job without TTL that was deleted by hand comes back', async (t) => {
  const core = await site(t);
  core.want([namespace('by-hand'), job('by-hand', 'example.org/one')]);
  await core.settle();
  await kubernetes().admin.request({
    method: 'DELETE',
    path: `${jobPath('by-hand')}?propagationPolicy=Background`,
  });
  t.true(await eventually(async () => (await read(jobPath('by-hand'))) === undefined));
  t.is(steps(await core.settle()), 'repair');
});

/** A definition of a cluster-wide kind whose `spec` is checked by `properties`. */
function definition(kind: string, plural: string, spec: object): Manifest {
  const schema = { type: 'object', properties: { spec } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.tre.example` },
    spec: {
      group: 'tre.example',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      scope: 'Cluster',
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}
const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const custom = (kind: string, name: string, spec: object): Manifest => ({
  apiVersion: 'tre.example/v1',
  kind,
  metadata: { name },
  spec,
});

test.serial(
  'a definition and its objects are applied in one go, and come back when the definition is deleted',
  async (t) => {
    const core = await site(t);
    core.want([
      custom('Study', 'alpha', { people: 3 }),
      definition('Study', 'studies', open),
      custom('Study', 'beta', {}),
    ]);
    const first = await core.settle();
    t.deepEqual([first.plan.applied, first.plan.appliedCount], [true, 3]);
    t.false(first.results.some(({ ok }) => !ok));

    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/studies.tre.example';
    await kubernetes().admin.request({ method: 'DELETE', path });
    t.true(
      await eventually(
        async () =>
          (await core.run()).plan.applied && (await read('/apis/tre.example/v1/studies/alpha')) !== undefined,
      ),
    );
    t.deepEqual((await read('/apis/tre.example/v1/studies/alpha'))?.['spec'], { people: 3 });

    core.want([definition('Study', 'studies', open)]);
    t.true((await core.settle()).plan.applied);
    t.is(await read('/apis/tre.example/v1/studies/alpha'), undefined);
  },
);

const emptied = test.macro({
  async exec(t, kind: string, plural: string, spec: object) {
    const core = await site(t);
    const policy = (selector: object): Manifest =>
      custom(kind, 'deny', { endpointSelector: selector, ingress: [{}] });
    const selectorOf = async (): Promise<unknown> => {
      const found = (await read(`/apis/tre.example/v1/${plural}/deny`))?.['spec'];
      return (found as { readonly endpointSelector?: unknown } | undefined)?.endpointSelector;
    };
    const selectors = [{ matchLabels: { app: 'a' } }, {}, { matchLabels: { app: 'b' } }, {}, {}];
    for (const selector of selectors) {
      core.want([definition(kind, plural, spec), policy(selector)]);
      const run = await core.settle();
      t.true(run.plan.applied);
      t.deepEqual(await selectorOf(), selector);
      t.is((await core.run()).results.length, 0);
    }
    t.deepEqual(await read(`/apis/tre.example/v1/${plural}/deny`).then((found) => found?.['spec']), {
      endpointSelector: {},
      ingress: [{}],
    });
  },
  title: (title = '') => `a map becomes empty and back, ${title}`,
});
test.serial('under a schema that takes anything', emptied, 'OpenPolicy', 'openpolicies', open);
test.serial('under a schema that wants an object there', emptied, 'TypedPolicy', 'typedpolicies', {
  type: 'object',
  properties: {
    endpointSelector: {
      type: 'object',
      properties: { matchLabels: { type: 'object', additionalProperties: { type: 'string' } } },
    },
    ingress: { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  },
});
