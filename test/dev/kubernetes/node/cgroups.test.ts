// Whether the control groups that can be made here are enough for a kubelet.

import test from 'ava';
import { systemClock } from '../../../../daemon/clock.ts';
import {
  cgroupFolders,
  cgroupObstacle,
  controllersObstacle,
} from '../../../../dev/kubernetes/node/cgroups.ts';

const machine = 'cpuset cpu io memory hugetlb pids rdma misc\n';

test('a group with all that the kubelet needs will do, whatever else it lacks', (t) => {
  t.is(controllersObstacle(machine, 'cpuset cpu memory hugetlb pids\n'), undefined);
});

test('what the machine has not is not missed', (t) => {
  t.is(controllersObstacle('cpuset cpu memory pids\n', 'cpuset cpu memory pids\n'), undefined);
});

test('a group without controllers, as in a container with processes in its root, will not do', (t) => {
  const obstacle = controllersObstacle(machine, '\n') ?? '';
  t.regex(
    obstacle,
    /have no cpu, cpuset, memory, hugetlb, pids: echo "\+cpu \+cpuset .*" > \S+subtree_control$/,
  );
});

test('one that is missing is named alone', (t) => {
  const obstacle = controllersObstacle(machine, 'cpu io memory hugetlb pids\n') ?? '';
  t.regex(obstacle, /have no cpuset: echo "\+cpuset" >/);
});

test('the trial leaves nothing behind', async (t) => {
  await cgroupObstacle(systemClock);
  t.deepEqual(await cgroupFolders(`tre-node-trial-${process.pid}`), []);
});
