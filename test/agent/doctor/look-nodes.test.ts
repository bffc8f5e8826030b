// What is said of a node, by its Ready condition and by its lease.
import test from 'ava';
import type { ApiAnswer, ClusterApi } from '../../../agent/cluster/api.ts';
import { judgeNode, silentNodes } from '../../../agent/doctor/look-nodes.ts';
import { manualClock } from '../../support/manual-clock.ts';

const node = (status: string, message = '') => ({
  metadata: { name: 'north' },
  status: { conditions: [{ type: 'Ready', status, message }] },
});

const judged = test.macro({
  exec(t, status: string, message: string, isSilent: boolean, code: string | undefined) {
    const [found] = judgeNode(node(status, message), new Set(isSilent ? ['north'] : []));
    t.is(found?.code, code as never);
    if (found !== undefined) t.regex(found.detail, /^north: ./);
  },
  title: (title, _status: string, _message: string, _isSilent: boolean, code: string | undefined) =>
    `${title}: ${code ?? 'well'}`,
});

test('ready', judged, 'True', 'kubelet is posting ready status', false, undefined);
test('ready as far as Kubernetes knows, and its lease is old', judged, 'True', 'ready', true, 'NodeSilent');
test('unknown', judged, 'Unknown', 'Kubelet stopped posting node status.', false, 'NodeSilent');
test('no container runtime', judged, 'False', 'container runtime is down', false, 'ContainerRuntimeDown');
test('no PLEG', judged, 'False', 'PLEG is not healthy: pleg was last seen', false, 'ContainerRuntimeDown');
test('no network', judged, 'False', 'container runtime network not ready: cni', false, 'NodeNotReady');

test('a node that has not reported is not ready', (t) => {
  t.is(judgeNode({ metadata: { name: 'new' } }, new Set())[0]?.code, 'NodeNotReady');
});

type Seen = 'old' | 'renewed' | 'gone' | 'away';

/** The leases of the node north, look by look; the last one again and again. */
function leases(...looks: readonly Seen[]): ClusterApi {
  let at = 0;
  return {
    request: async (): Promise<ApiAnswer> => {
      const seen = looks[Math.min(at, looks.length - 1)];
      at += 1;
      if (seen === 'away')
        return { ok: false, status: null, code: 'CLUSTER_UNREACHABLE', detail: '', retryAfterMs: null };
      const renewTime = seen === 'old' ? '2025-12-31T23:00:00Z' : '2025-12-31T23:00:10Z';
      const items = seen === 'gone' ? [] : [{ metadata: { name: 'north' }, spec: { renewTime } }];
      const body = Buffer.from(JSON.stringify({ items }));
      return { ok: true, status: 200, contentType: 'application/json', etag: null, body };
    },
  };
}

const suspected = test.macro({
  title: (_given, looks: readonly Seen[], names: readonly string[]) =>
    `its lease is ${looks.join(', then ')}: ${names.length === 0 ? 'well' : 'silent'}`,
  async exec(t, looks: readonly Seen[], names: readonly string[]) {
    const clock = manualClock();
    const { signal } = new AbortController();
    const looking = silentNodes(leases(...looks), [{ metadata: { name: 'north' } }], { clock, signal });
    await clock.advance(20_000);
    t.deepEqual([...(await looking)], names);
  },
});

test(suspected, ['old', 'old'], ['north']);
test(suspected, ['old', 'away', 'old'], ['north']);
test(suspected, ['old', 'old', 'renewed'], []);
test(suspected, ['old', 'gone'], []);
test(suspected, ['old', 'away'], []);
test(suspected, ['away'], []);
