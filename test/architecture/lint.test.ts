// The linter refuses what the import table refuses, so that an editor says it at once. One scratch folder holds a
// bad sample per rule; the linter must find each, and nothing in the good one.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { systemExec } from '../../daemon/exec.ts';
import { lintFile } from '../../dev/architecture/generated.ts';

const samples: Readonly<Record<string, string>> = {
  'agent/act/plan-logic.ts': `import { plan } from '../plan/plan.ts';\nplan();\n`,
  'agent/act/intake.ts': `import type { X } from '../intake/x.ts';\nexport type Y = X;\n`,
  'agent/store/control-plane.ts': `import { x } from '../../control-plane/store/x.ts';\nx();\n`,
  'agent/act/entry.ts': `import { x } from '../main.ts';\nx();\n`,
  'agent/act/package.ts': `import fastify from 'fastify';\nfastify();\n`,
  'daemon/programs.ts': `import { spawn } from 'node:child_process';\nspawn('x');\n`,
  'proto/files.ts': `import { readFile } from 'node:fs/promises';\nvoid readFile;\n`,
  'agent/plan/clock.ts': 'export const now = Date.now();\n',
  'agent/plan/chance.ts': 'export const chance = Math.random();\n',
  'control-plane/api/environment.ts': 'export const home = process.env;\n',
  'cli/default.ts': 'export default 1;\n',
  'cli/a.ts': `import { b } from './b.ts';\nexport const a = (): unknown => b;\n`,
  'cli/b.ts': `import { a } from './a.ts';\nexport const b = (): unknown => a;\n`,
  'cli/typed.ts': 'export const x = JSON.parse("1") as any;\n',
};

const good: Readonly<Record<string, string>> = {
  'agent/act/good.ts': `import type { Step } from '../plan/step.ts';\nimport { get } from '../cluster/get.ts';\nexport const x = (step: Step): unknown => get(step);\n`,
  'daemon/good.ts': `import { readFile } from 'node:fs/promises';\nimport pino from 'pino';\nvoid readFile;\nvoid pino;\n`,
  'cli/good.ts': `import { argv } from 'node:process';\nimport { errors } from '../proto/errors.ts';\nexport const x = [argv, process.env, errors];\n`,
};

test('each bad sample is found, the good ones are not', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tre-lint-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries({ ...samples, ...good, '.oxlintrc.json': lintFile().content })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const { stdout } = await systemExec(process.env).run('oxlint', ['--format', 'unix'], { cwd: folder });
  const found = new Set(stdout.split('\n').flatMap((line) => /^([\w./-]+):\d+:/.exec(line)?.[1] ?? []));
  t.deepEqual([...found].sort(), Object.keys(samples).sort(), stdout);
});
