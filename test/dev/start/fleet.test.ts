// What a fleet says when a part of it cannot start: at once, not after the others have got there.

import { createServer } from 'node:net';
import test from 'ava';
import { systemClock } from '../../../daemon/clock.ts';
import { environment } from '../../../daemon/config.ts';
import { systemExec } from '../../../daemon/exec.ts';
import { holdLock } from '../../../dev/kubernetes/held-lock.ts';
import type { Kubernetes } from '../../../dev/kubernetes/kubernetes-handle.ts';
import { openFleet } from '../../../dev/start/fleet.ts';
import { choosePorts, layoutOf, makeFolders } from '../../../dev/start/layout.ts';
import { createProgress } from '../../../dev/start/progress.ts';
import { scratch } from '../../support/scratch.ts';

test('a control plane that cannot start does not wait for Kubernetes to be built', async (t) => {
  const dataDir = scratch(t);
  const layout = layoutOf(dataDir);
  await makeFolders(layout);
  const { people } = await choosePorts(layout);
  const other = createServer().listen(people, '127.0.0.1');
  t.teardown(() => other.close());
  let wasEnded = false;
  const opening = openFleet({
    dataDir,
    signal: AbortSignal.timeout(20_000),
    exec: systemExec(environment()),
    clock: systemClock,
    progress: createProgress(systemClock, () => undefined),
    openKubernetes: ({ signal }) =>
      new Promise<Kubernetes>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          wasEnded = true;
          reject(new Error('ended'));
        });
      }),
  });
  await t.throwsAsync(opening, { message: /PORT_TAKEN/ });
  t.true(wasEnded);
});

test('a data folder that another start uses is refused at once, before anything of it is touched', async (t) => {
  const dataDir = scratch(t);
  await using lock = await holdLock(layoutOf(dataDir).lock);
  t.truthy(lock);
  const opening = openFleet({
    dataDir,
    signal: AbortSignal.timeout(20_000),
    exec: systemExec(environment()),
    clock: systemClock,
    progress: createProgress(systemClock, (text) => t.fail(text)),
    openKubernetes: () => Promise.reject(new Error('opened')),
  });
  await t.throwsAsync(opening, { code: 'DATA_LOCKED', message: new RegExp(dataDir) });
});
