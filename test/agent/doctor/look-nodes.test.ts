// What is said of a node, by its Ready condition and by its lease.
import test from 'ava';
import { judgeNode } from '../../../agent/doctor/look-nodes.ts';

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
