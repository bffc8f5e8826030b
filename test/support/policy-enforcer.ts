// Enforces NetworkPolicies on the node of a test, so that a probe can be seen to notice: looks at pods and policies a few
// times a second and loads one nftables table into the node's network. For tests alone, and never beside another engine.
// Invariant: the table is gone when it is disposed. Called by the system tests of isolation.
import { systemClock } from '../../daemon/clock.ts';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import type { Api } from '../../dev/kubernetes/api.ts';
import { bothDirections, type Direction, type PolicyWorld, policyTable } from './policy-table.ts';

export interface EnforcerOptions {
  readonly admin: Api;
  /** The command that runs another one in the node's network, such as nsenter with its flags. */
  readonly enter: readonly string[];
  /** So long it knows nothing of what is new, as slow engines do. */
  readonly delayMs?: number;
  /** Both when not given; some engines know one of them only. */
  readonly directions?: readonly Direction[];
}

const table = 'tre_test_policy';
const intervalMs = 200;
// Not the one of the project's tools: a package brings another program of the name nft.
const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

/** Ready when the first table is loaded. */
export async function enforcePolicies(options: EnforcerOptions): Promise<AsyncDisposable> {
  const { admin, enter, delayMs = 0, directions = bothDirections } = options;
  const exec = systemExec(environment());
  const nft = async (args: readonly string[], input = ''): Promise<void> => {
    const [program = '', ...rest] = [...enter, 'nft', ...args];
    const { code, stderr } = await exec.run(program, rest, { input, env, timeoutMs: 10_000 });
    if (code !== 0) throw new Error(`nft: ${stderr}\n${input}`);
  };
  const stop = new AbortController();
  let loaded = '';
  const look = async (): Promise<void> => {
    const text = policyTable(table, await readWorld(admin), directions);
    if (text === loaded) return;
    if (loaded !== '') await systemClock.sleep(delayMs, stop.signal);
    await nft(['-f', '-'], text);
    loaded = text;
  };
  await look();
  const looking = (async () => {
    while (!stop.signal.aborted) {
      await look().catch((error: unknown) => (stop.signal.aborted ? undefined : Promise.reject(error)));
      await systemClock.sleep(intervalMs, stop.signal).catch(() => undefined);
    }
  })();
  // Whoever waits for a verdict meanwhile learns of it at the end.
  looking.catch(() => undefined);
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      try {
        await looking;
      } finally {
        await nft(['delete', 'table', 'ip', table]);
      }
    },
  };
}

async function readWorld(admin: Api): Promise<PolicyWorld> {
  const read = async <T>(path: string): Promise<readonly T[]> => {
    const { status, body } = await admin.request({ path });
    if (status !== 200) throw new Error(`GET ${path} answered ${status}`);
    return (body as { readonly items: readonly T[] }).items;
  };
  const [namespaces, pods, policies] = await Promise.all([
    read<PolicyWorld['namespaces'][number]>('/api/v1/namespaces'),
    read<PolicyWorld['pods'][number]>('/api/v1/pods'),
    read<PolicyWorld['policies'][number]>('/apis/networking.k8s.io/v1/networkpolicies'),
  ]);
  return { namespaces, pods, policies };
}
