// Making the namespaces of a node, on a machine whose unshare says nothing: an end within bounds, and with the start.
// Needs root, as a real node does: its control groups are made first.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import test from 'ava';
import { systemClock } from '../../../../daemon/clock.ts';
import { environment } from '../../../../daemon/config.ts';
import { systemExec } from '../../../../daemon/exec.ts';
import { cgroupFolders } from '../../../../dev/kubernetes/node/cgroups.ts';
import { cgroupNameOf, openWorld } from '../../../../dev/kubernetes/node/node-world.ts';
import { scratch } from '../../../support/scratch.ts';

const rooted = process.geteuid?.() === 0 ? test : test.skip;

rooted('a start that is ended while namespaces are made ends, and leaves nothing', async (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, 'unshare'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  const { PATH } = environment();
  const exec = systemExec({ ...environment(), PATH: `${folder}:${PATH}` });
  const node = join(folder, 'node');
  const startedAt = performance.now();
  const signal = AbortSignal.timeout(500);
  await t.throwsAsync(openWorld({ folder: node, programs: [], exec, clock: systemClock, signal }), {
    name: 'TimeoutError',
  });
  t.true(performance.now() - startedAt < 10_000);
  t.deepEqual(await cgroupFolders(cgroupNameOf(node)), []);
});
