// Making the namespaces of a node, on a machine whose unshare says nothing: an end within bounds, and with the start.
// Needs root, as a real node does: its control groups are made first.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../../../daemon/clock.ts';
import { environment } from '../../../../daemon/config.ts';
import { systemExec } from '../../../../daemon/exec.ts';
import { cgroupFolders } from '../../../../dev/kubernetes/node/cgroups.ts';
import { cgroupNameOf, openWorld } from '../../../../dev/kubernetes/node/node-world.ts';
import { scratch } from '../../../support/scratch.ts';

const rooted = process.geteuid?.() === 0 ? test : test.skip;

/** A node whose unshare says this, and then nothing. */
function slowNode(t: ExecutionContext, words = '') {
  const folder = scratch(t);
  writeFileSync(join(folder, 'unshare'), `#!/bin/sh\n${words}\nexec sleep 60\n`, { mode: 0o755 });
  const { PATH } = environment();
  const exec = systemExec({ ...environment(), PATH: `${folder}:${PATH}` });
  return { folder: join(folder, 'node'), programs: [], exec, clock: systemClock };
}

rooted('a start that is ended while namespaces are made ends, and leaves nothing', async (t) => {
  const world = slowNode(t);
  const node = world.folder;
  const startedAt = performance.now();
  const signal = AbortSignal.timeout(500);
  await t.throwsAsync(openWorld({ ...world, signal }), { name: 'TimeoutError' });
  t.true(performance.now() - startedAt < 10_000);
  t.deepEqual(await cgroupFolders(cgroupNameOf(node)), []);
});

rooted('what takes too long is named, with what was said of it', async (t) => {
  const signal = new AbortController().signal;
  const made = (words: string) => openWorld({ ...slowNode(t, words), signal, withinMs: 300 });
  const message = 'the namespaces of the node cannot be made: ';
  await t.throwsAsync(made(''), { message: `${message}not done after 0.3 s` });
  await t.throwsAsync(made('echo unshare: wait'), {
    message: `${message}not done after 0.3 s unshare: wait`,
  });
});
