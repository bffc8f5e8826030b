// How `npm start` ends when it is interrupted before it is done (what goes on after `--once &&` must not), when nobody
// reads what it says, and when it was given what cannot be.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import test from 'ava';
import { environment } from '../../../daemon/config.ts';
import { systemExec } from '../../../daemon/exec.ts';
import { eventually } from '../../support/eventually.ts';
import { scratch } from '../../support/scratch.ts';

const script = join(import.meta.dirname, '../../../dev/start/start.ts');

for (const [args, code] of [
  [['--once'], 130],
  [[], 0],
] as const) {
  test(`interrupted ${args.join(' ')} it ends with ${code} and no result`, async (t) => {
    const lines: string[] = [];
    const results: string[] = [];
    const line = (text: string, from: 'stdout' | 'stderr'): void =>
      void (from === 'stdout' ? results : lines).push(text);
    const child = await systemExec(environment()).spawn(
      process.execPath,
      [script, '--data', scratch(t), ...args],
      { output: { line } },
    );
    t.teardown(() => child.stop());
    await eventually(() => lines.length > 0, { timeoutMs: 15_000, what: 'a line' });
    child.kill('SIGINT');
    t.deepEqual(await child.exited, { code, signal: null }, lines.join('\n'));
    t.deepEqual(results, []);
  });
}

test('whoever reads what it says and goes away has ended it, like Ctrl-C', async (t) => {
  const command = '{ { "$0" "$1" --data "$2" 2>&1; echo "code $?" >&3; } | true; } 3>&1';
  const { stdout } = await systemExec(environment()).run(
    'sh',
    ['-c', command, process.execPath, script, scratch(t)],
    { timeoutMs: 40_000 },
  );
  t.is(stdout, 'code 0\n');
});

test('a release source that is none is told before anything is started', async (t) => {
  const folder = scratch(t);
  const { code, stderr } = await systemExec(environment()).run(
    process.execPath,
    [script, '--data', join(folder, 'data'), '--from', folder],
    { timeoutMs: 40_000 },
  );
  t.is(code, 3, stderr);
  t.true(stderr.includes(`RELEASE_FILE_MISSING: ${folder} has no release.yaml`), stderr);
  t.false(existsSync(join(folder, 'data')));
});
