// A site that is applied and looked at, without control plane: the reconcile core on a real cluster, run all the time as
// the agent does, and the health loop beside it. Tests put objects in and wait for what is said of them.

import type { HealthSnapshot, ObjectHealth } from '../../agent/health/snapshot.ts';
import { startHealth } from '../../agent/observe/health-loop.ts';
import { createBackoff } from '../../daemon/backoff.ts';
import { systemClock } from '../../daemon/clock.ts';
import { createLoop } from '../../daemon/loop.ts';
import { systemRandom } from '../../daemon/random.ts';
import type { HealthRule } from '../../proto/document.ts';
import { type ClusterSite, clusterSite, type Manifest, type SiteOptions } from './cluster-site.ts';
import { eventually } from './eventually.ts';

export interface HealthSite extends AsyncDisposable {
  readonly core: ClusterSite;
  /** Wants these objects and brings them about. */
  readonly apply: (objects: readonly Manifest[], rules?: readonly HealthRule[]) => Promise<void>;
  readonly snapshot: () => HealthSnapshot | undefined;
  /** `healthy`, or `REASON` of the object, or `current`; undefined when nothing is known of it. */
  readonly say: (name: string) => string | undefined;
  readonly about: (name: string) => ObjectHealth | undefined;
  /** Every snapshot that was news, with the monotonic time of it. */
  readonly news: readonly { readonly atMs: number; readonly snapshot: HealthSnapshot | undefined }[];
  /** Milliseconds, monotonic, at which an object was first said to be so. */
  readonly saidAt: (name: string, word: string, timeoutMs: number) => Promise<number>;
}

const clock = systemClock;
const random = systemRandom(clock);

export async function healthSite(options: Omit<SiteOptions, 'onRun'>): Promise<HealthSite> {
  await using opened = new AsyncDisposableStack();
  const core = opened.use(
    await clusterSite({ ...options, onRun: (run, wanted) => health.afterRun(run, wanted) }),
  );
  const news: { atMs: number; snapshot: HealthSnapshot | undefined }[] = [];
  const health = opened.use(
    startHealth({
      api: core.api,
      discovery: core.discovery,
      store: core.store.objectHealth,
      clock,
      random,
      onNews: () => news.push({ atMs: clock.monotonic(), snapshot: health.snapshot() }),
      onError: (error) => {
        throw error;
      },
    }),
  );
  const loop = opened.use(
    createLoop({
      run: async () => void (await core.run()),
      intervalMs: 2_000,
      clock,
      backoff: createBackoff({ clock, random }),
      onError: () => undefined,
    }),
  );
  const about = (name: string): ObjectHealth | undefined =>
    health.snapshot()?.objects.find(({ id }) => id.endsWith(`/${name}`));
  const say = (name: string): string | undefined => {
    const found = about(name);
    return found === undefined ? undefined : (found.reason ?? found.status);
  };
  const closing = opened.move();
  return {
    core,
    about,
    say,
    news,
    snapshot: () => health.snapshot(),
    apply: async (objects, rules = []) => {
      core.want(objects, { health: rules });
      loop.trigger();
      await loop.idle();
    },
    saidAt: async (name, word, timeoutMs) => {
      await eventually(() => say(name) === word, {
        what: () => `${name} is ${word}, not ${say(name)}: ${about(name)?.detail}`,
        timeoutMs,
      });
      return clock.monotonic();
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}
