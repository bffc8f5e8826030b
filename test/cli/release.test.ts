// trectl for release authors as a real process: exit codes, what goes to which stream, and the whole way from a
// folder to a verified release.

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { environment } from '../../daemon/config.ts';
import { type RunResult, systemExec } from '../../daemon/exec.ts';
import { configMap, releaseYaml, writeSource } from '../support/release-source.ts';
import { scratch } from '../support/scratch.ts';

const main = join(import.meta.dirname, '../../cli/main.ts');
const exec = systemExec(environment());

/** Runs `trectl ...args` in a folder. */
async function trectl(cwd: string, ...args: string[]): Promise<RunResult> {
  return exec.run(process.execPath, [main, ...args], { cwd, timeoutMs: 30_000 });
}

const sources = { 'src/release.yaml': releaseYaml(), 'src/app/a.yaml': configMap('a') };

test('from a folder to a verified release', async (t) => {
  const folder = writeSource(t, sources);
  const step = async (...args: string[]): Promise<RunResult> => {
    const result = await trectl(folder, ...args);
    t.is(result.code, 0, `${args.join(' ')}: ${result.stderr}`);
    return result;
  };
  await step('key', 'new', 'alice', '--out', 'keys');
  await step('key', 'new', 'bob', '--out', 'keys');
  await step('key', 'set', '--threshold', '2', 'keys/alice.pub', 'keys/bob.pub', '--out', 'keyset.json');
  const { stdout } = await step('release', 'build', 'src', '--out', 'out', '-o', 'json');
  await step('release', 'sign', 'out', '--key', 'keys/alice.key');
  const early = await trectl(folder, 'release', 'verify', 'out', '--keyset', 'keyset.json');
  t.is(early.code, 3);
  t.regex(early.stderr, /^RELEASE_UNDER_SIGNED: 1 of the 2 .*\n {4}Have the release signed/);
  await step('release', 'sign', 'out', '--key', 'keys/bob.key');
  const verified = await step('release', 'verify', 'out', '--keyset', 'keyset.json', '-o', 'json');
  t.like(JSON.parse(verified.stdout), { release: 'sample@1.0.0', signers: ['alice', 'bob'], threshold: 2 });
  t.is(
    (JSON.parse(verified.stdout) as { digest: string }).digest,
    (JSON.parse(stdout) as { digest: string }).digest,
  );
  t.is(statSync(join(folder, 'keys/bob.key')).mode & 0o777, 0o600);
});

test('a refused build shows every problem with file, line, code and next step, and writes nothing', async (t) => {
  const folder = writeSource(t, {
    'src/release.yaml': releaseYaml(),
    'src/app/a.yaml': configMap('a', 'k: 1'),
    'src/app/b.yaml': 'hello: world',
  });
  const result = await trectl(folder, 'release', 'build', 'src', '--out', 'out');
  t.is(result.code, 3);
  t.is(result.stdout, '');
  t.is(
    result.stderr,
    [
      'src/app/a.yaml:6: FIELD_TYPE_WRONG: ConfigMap a: .data.k must be a text, not 1',
      '    Correct the value.',
      'src/app/b.yaml:1: NOT_KUBERNETES: the object has no apiVersion',
      '    Give it apiVersion, kind and metadata.name, or take the file out of the component.',
      '',
      '2 problems; nothing was written.',
      '',
    ].join('\n'),
  );
  t.is(statSync(join(folder, 'out'), { throwIfNoEntry: false }), undefined);
  const json = await trectl(folder, 'release', 'build', 'src', '--out', 'out', '-o', 'json');
  t.is(json.code, 3);
  t.deepEqual(
    (JSON.parse(json.stdout) as { problems: { line: number }[] }).problems.map((problem) => problem.line),
    [6, 1],
  );
});

test('a tampered object is named', async (t) => {
  const folder = writeSource(t, sources);
  await trectl(folder, 'key', 'new', 'alice', '--out', '.');
  await trectl(folder, 'release', 'build', 'src', '--out', 'out');
  const manifest = JSON.parse(readFileSync(join(folder, 'out/release.json'), 'utf8')) as {
    objects: { digest: string }[];
  };
  const blob = join(folder, 'out/blobs/sha256', (manifest.objects[0]?.digest ?? '').slice('sha256:'.length));
  writeFileSync(blob, readFileSync(blob, 'utf8').replace('"v"', '"w"'));
  const result = await trectl(folder, 'release', 'sign', 'out', '--key', 'alice.key');
  t.is(result.code, 3);
  t.regex(result.stderr, /^DIGEST_MISMATCH: ConfigMap a: out\/blobs\/sha256\/[0-9a-f]{64} was changed\n/);
});

test('a difference is shown for people and for programs, without values of secrets', async (t) => {
  const secret = (value: string): string =>
    `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: ${value}}\n`;
  const folder = writeSource(t, { ...sources, 'src/app/s.yaml': secret('first') });
  await trectl(folder, 'release', 'build', 'src', '--out', 'one');
  writeFileSync(join(folder, 'src/app/s.yaml'), secret('second'));
  writeFileSync(join(folder, 'src/app/a.yaml'), configMap('a', 'k: w'));
  await trectl(folder, 'release', 'build', 'src', '--out', 'two');
  const shown = await trectl(folder, 'release', 'diff', 'one', 'two');
  t.is(
    shown.stdout,
    [
      'sample@1.0.0 -> sample@1.0.0',
      '~ ConfigMap default/a',
      '    /data/k: "v" -> "w"',
      '~ Secret default/s',
      '    /stringData/a: (secret) -> (secret)',
      '0 added, 0 removed, 2 changed',
      '',
    ].join('\n'),
  );
  const json = await trectl(folder, 'release', 'diff', 'one', 'two', '-o', 'json');
  t.false(json.stdout.includes('second'));
  t.true(json.stdout.includes('"after": "w"'));
});

const ends = test.macro({
  async exec(t, args: string[], code: number, words: RegExp) {
    const result = await trectl(scratch(t), ...args);
    t.is(result.code, code);
    t.regex(result.stderr + result.stdout, words);
  },
  title: (_, args: string[]) => `trectl ${args.join(' ')}`,
});

test(ends, [], 2, /Usage: trectl/);
test(ends, ['--help'], 0, /Usage: trectl[^]*Examples:\n {2}\$ trectl /);
test(ends, ['--version'], 0, /^\d+\.\d+\.\d+\n$/);
test(ends, ['relase'], 2, /^USAGE: unknown command 'relase'[^]*\n {4}Run the command with --help\.\n$/);
test(ends, ['release', 'build'], 2, /^USAGE: (missing required argument|required option)/);
test(ends, ['release', 'build', '.', '--out', 'x', '-o', 'xml'], 2, /Allowed choices/);
test(ends, ['key', 'set', '--threshold', 'x', 'a.pub', '--out', 'k'], 2, /whole number/);
test(
  ends,
  ['release', 'build', 'nowhere', '--out', 'out'],
  3,
  /nowhere\/release\.yaml:1: RELEASE_FILE_MISSING/,
);
test(ends, ['release', 'sign', 'nowhere', '--key', 'none.key'], 1, /FILE_UNREADABLE: there is no none\.key/);
test(ends, ['release', 'schema'], 0, /"\$schema": "https:\/\/json-schema\.org\/draft\/2020-12\/schema"/);
