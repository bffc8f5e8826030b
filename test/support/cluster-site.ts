// The agent's reconcile core on a real cluster, without control plane: real store, real connection, objects given as
// plain JSON. What a test wants is put in with `want`, brought about with `run` or `settle`.
import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import { createActor } from '../../agent/act/act.ts';
import type { ClusterApi, ClusterWatch } from '../../agent/cluster/api.ts';
import { createDiscovery, type Discovery } from '../../agent/cluster/discovery.ts';
import { openHttp2Api } from '../../agent/cluster/http2-api.ts';
import { accessOfKubeconfig, type ClusterAccess } from '../../agent/cluster/kubeconfig.ts';
import { createObserver } from '../../agent/observe/cluster.ts';
import type { Wanted } from '../../agent/plan/world.ts';
import { createReconciler, type Run } from '../../agent/reconcile.ts';
import { describeObject } from '../../agent/store/describe-object.ts';
import { type AgentStore, openStore } from '../../agent/store/store.ts';
import { systemClock } from '../../daemon/clock.ts';
import { systemFiles } from '../../daemon/files.ts';
import { systemRandom } from '../../daemon/random.ts';
import { canonicalBytes } from '../../proto/canonical.ts';
import type { HealthRule, PruneAllowance, ReleaseObject } from '../../proto/document.ts';
import { digestOf } from '../../proto/envelope.ts';
import type { JsonValue } from '../../proto/strict-json.ts';

/** A Kubernetes object as JSON. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: JsonValue | undefined;
  };
  readonly [field: string]: unknown;
}

export interface ClusterSite extends AsyncDisposable {
  readonly store: AgentStore;
  readonly api: ClusterApi & ClusterWatch;
  readonly discovery: Discovery;
  /** The next release: exactly these objects. */
  readonly want: (
    objects: readonly Manifest[],
    options?: { readonly prune?: readonly PruneAllowance[]; readonly health?: readonly HealthRule[] },
  ) => Wanted;
  readonly run: () => Promise<Run>;
  /** Runs until nothing more happens within a few seconds. */
  readonly settle: () => Promise<Run>;
  /** The bytes that the agent is to send for an object. */
  readonly bytesOf: (object: Manifest) => Uint8Array;
}

export interface SiteOptions {
  readonly folder: string;
  readonly access: ClusterAccess;
  /** Puts something between the agent and the cluster. */
  readonly around?: (api: ClusterApi) => ClusterApi;
  /** Told of every run. */
  readonly onRun?: (run: Run, wanted: Wanted | null) => void;
}

/** Enough for anything that settles. */
const maxRuns = 30;

export async function accessOf(kubeconfigPath: string): Promise<ClusterAccess> {
  const config = load(await readFile(kubeconfigPath, 'utf8'));
  return accessOfKubeconfig(config, { folder: '/', files: systemFiles, clock: systemClock });
}

export async function clusterSite({
  folder,
  access,
  around = (api) => api,
  onRun = () => undefined,
}: SiteOptions): Promise<ClusterSite> {
  const clock = systemClock;
  const random = systemRandom(clock);
  const store = await openStore(folder, random.uuid7());
  const connection = openHttp2Api({ access, userAgent: 'tre-agent/test' });
  const api = { ...around(connection), watch: connection.watch };
  const discovery = createDiscovery(api);
  const contents = new Map<string, Uint8Array>();
  const content = {
    read: async (digest: string) => contents.get(digest) ?? Promise.reject(new Error('no such content')),
  };
  const observer = createObserver({ api, discovery, store: store.inventory, clock });
  const actor = createActor({ api, discovery, store: store.inventory, content, clock, random });
  const reconciler = createReconciler({ observer, actor, store: store.inventory, clock, random });
  const signal = new AbortController().signal;
  let wanted: Wanted | null = null;
  let generation = 0;
  const run = async (): Promise<Run> => {
    const ended = await reconciler.run(wanted, signal);
    onRun(ended, wanted);
    return ended;
  };
  return {
    store,
    api,
    discovery,
    bytesOf,
    run,
    want: (objects, { prune = [], health = [] } = {}) => {
      generation += 1;
      const described = objects.map((object, index) => {
        const bytes = bytesOf(object);
        contents.set(digestOf(bytes), bytes);
        return describeObject(releaseObject(object, bytes), index, bytes);
      });
      const digest = digestOf(
        Buffer.from(JSON.stringify([described.map((one) => [one.id, one.digest]), prune])),
      );
      const release = { name: 'test', version: String(generation), digest };
      wanted = {
        epoch: 1,
        generation,
        release,
        clusterUid: null,
        objects: described,
        prune,
        components: ['all'],
        health,
      };
      return wanted;
    },
    settle: async () => {
      for (let idle = 0, rounds = 1; ; rounds += 1) {
        const last = await run();
        idle = last.results.length === 0 ? idle + 1 : 0;
        if (last.plan.applied || idle > 8 || rounds === maxRuns) return last;
        await clock.sleep(Math.min(last.nextLookMs, 1_000));
      }
    },
    [Symbol.asyncDispose]: async () => {
      await connection[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

function bytesOf(object: Manifest): Uint8Array {
  const written = canonicalBytes(object as JsonValue);
  if (!written.ok) throw new Error(`${written.reason} at ${written.pointer}`);
  return written.bytes;
}

function releaseObject({ apiVersion, kind, metadata }: Manifest, bytes: Uint8Array): ReleaseObject {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const { name, namespace = null } = metadata;
  const scope = namespace === null ? 'Cluster' : 'Namespaced';
  const place = {
    group: group ?? '',
    version: version ?? '',
    kind,
    namespace,
    name,
    scope,
    component: 'test',
  } as const;
  return { ...place, digest: digestOf(bytes), size: bytes.byteLength };
}
