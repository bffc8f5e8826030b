// `tre-agent doctor` as a process of its own: it ends although what it reads hangs, what it prints has the schema that
// `tre-agent schema doctor` prints, and the help of the whole program has examples.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import test from 'ava';
import { reportSchema } from '../../../agent/doctor/report.ts';
import { environment } from '../../../daemon/config.ts';
import { type RunResult, systemExec } from '../../../daemon/exec.ts';
import { scratch } from '../../support/scratch.ts';

const program = join(import.meta.dirname, '../../../agent/main.ts');

function treAgent(...args: readonly string[]): Promise<RunResult> {
  return systemExec(environment()).run(process.execPath, [program, ...args], { timeoutMs: 50_000 });
}

test('it ends with its exit code although the disk of the settings hangs', async (t) => {
  const pipe = join(scratch(t), 'agent.yaml');
  execFileSync('mkfifo', [pipe]);
  const { code, stdout } = await treAgent('doctor', '--config', pipe, '--timeout', '200ms', '-o', 'json');
  t.is(code, 1);
  const { firstBroken, hops } = reportSchema.parse(JSON.parse(stdout));
  t.is(firstBroken, 'settings');
  t.is(hops[0]?.findings[0]?.code, 'CHECK_UNFINISHED');
});

test('what it prints for programs is what its schema names', async (t) => {
  const data = join(scratch(t), 'data');
  const [printed, named] = await Promise.all([
    treAgent('doctor', '--data', data, '--timeout', '1s', '-o', 'json'),
    treAgent('schema', 'doctor'),
  ]);
  const schema = JSON.parse(named.stdout) as { readonly title: string; readonly properties: object };
  t.is(schema.title, 'tre-agent doctor -o json');
  t.deepEqual(Object.keys(JSON.parse(printed.stdout) as object), Object.keys(schema.properties));
  // Fields may come: what is not named there is no fault.
  t.notRegex(named.stdout, /additionalProperties/);
});

test('times that would make it say false things are refused', async (t) => {
  for (const flags of [
    ['--timeout', '0s'],
    ['--timeout', '5'],
    ['--keep-open', '999h'],
  ]) {
    const { code, stderr } = await treAgent('doctor', ...flags);
    t.is(code, 2);
    t.regex(stderr, /^USAGE: --\S+ \S+ is no time from \d+ms to 24h/);
  }
});

const helped = test.macro({
  title: (_given, ...command: string[]) => `an example in the help of: tre-agent ${command.join(' ')}`,
  async exec(t, ...command: string[]) {
    const { code, stdout } = await treAgent(...command, '--help');
    t.is(code, 0);
    t.regex(stdout, /\nExamples?:\n {2}\$ tre-agent /);
  },
});

test(helped);
test(helped, 'run');
test(helped, 'doctor');
test(helped, 'config');
test(helped, 'config', 'explain');
