// Building and finding the programs, with a Go client that is a shell script: what is said, what is left behind.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemExec } from '../../../daemon/exec.ts';
import { cacheFolder, findBinaries, isAtLeast } from '../../../dev/kubernetes/binaries.ts';
import { build, cpuSecondsOf } from '../../../dev/kubernetes/build.ts';
import { buildProgress, duration } from '../../../dev/kubernetes/build-progress.ts';
import { kubernetesBuild } from '../../../dev/kubernetes/go-builds.ts';
import { TreError } from '../../../proto/errors.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';

const signal = new AbortController().signal;
const writer = systemExec({ PATH: '/usr/bin:/bin' });

/** A folder for PATH with these scripts, and the programs of the machine that the code itself needs. */
async function programs(t: ExecutionContext, scripts: Record<string, string>): Promise<string> {
  const folder = join(scratch(t), 'bin');
  mkdirSync(folder);
  for (const name of ['sh', 'nice', 'flock', 'cat']) symlinkSync(`/usr/bin/${name}`, join(folder, name));
  // Written by a child: a file that this process has open for writing cannot be executed, also not by a program that
  // another test is forking at that moment.
  const write = 'cat > "$1"; chmod 755 "$1"';
  for (const [name, script] of Object.entries(scripts)) {
    await writer.run('sh', ['-c', write, 'sh', join(folder, name)], { input: `#!/bin/sh\n${script}` });
  }
  return folder;
}

// Answers `go env`, lists two packages, compiles them into the file after -o.
const go = `case $1 in
env) echo go1.99.0; echo cc ;;
list) echo 'go: downloading example.org/a v1.0.0' >&2; echo a; echo b ;;
build) echo a >&2; echo b >&2; while [ "$1" != -o ]; do shift; done; echo program > "$2" ;;
esac
`;

interface Building {
  readonly target: string;
  readonly lines: string[];
  readonly done: ReturnType<typeof build>;
}

async function buildInto(t: ExecutionContext, scripts: Record<string, string>): Promise<Building> {
  const target = join(scratch(t), 'key');
  const lines: string[] = [];
  const tools = {
    exec: systemExec({ PATH: await programs(t, scripts) }),
    clock: manualClock(),
    signal,
    log: (line: string) => lines.push(line),
  };
  return {
    target,
    lines,
    done: build({ what: { ...kubernetesBuild, source: scratch(t) }, target, ...tools }),
  };
}

test('a build is a folder with one program under the name of each part, and what it cost', async (t) => {
  const { target, lines, done } = await buildInto(t, { go });
  t.like(await done, { packages: 2, elapsedSeconds: 0 });
  t.is(readFileSync(join(target, 'kube-apiserver'), 'utf8'), 'program\n');
  t.like(JSON.parse(readFileSync(join(target, 'build.json'), 'utf8')) as object, { packages: 2 });
  t.regex(lines[0] ?? '', /^building Kubernetes v1\.\d+\.\d+ .* 5 minutes/);
  t.regex(lines.at(-1) ?? '', /^built 2 packages in 0 s with \d+ CPU-seconds: /);
  t.deepEqual(readdirSync(dirname(target)), ['key']);
});

test('a build that fails says what the compiler said and leaves nothing', async (t) => {
  const broken = go.replace('echo b >&2;', 'echo "main.go:3: no such import" >&2; exit 1;');
  const { target, done } = await buildInto(t, { go: broken });
  await t.throwsAsync(done, { message: /^go build failed:\n[^]*main\.go:3: no such import/ });
  t.deepEqual(readdirSync(dirname(target)), []);
});

const needs = test.macro({
  async exec(t, scripts: Record<string, string>, why: RegExp) {
    const cache = scratch(t);
    const environment = { PATH: await programs(t, scripts), XDG_CACHE_HOME: cache };
    const error = await t.throwsAsync(findBinaries({ signal, log: () => undefined, environment }), {
      instanceOf: TreError,
    });
    t.is(error.code, 'KUBERNETES_UNAVAILABLE');
    t.regex(error.message, why);
    const obstacle = String(error.facts['obstacle']);
    t.regex(
      obstacle,
      new RegExp(why.source.replace('because ', '^')),
      'alone, for whoever asks for a node only',
    );
    t.notRegex(obstacle, /TRE_KUBECONFIG/);
    for (const way of ['TRE_KUBECONFIG', join(cache, 'tre-fleet', 'kubernetes'), 'install Go'])
      t.true(error.message.includes(way), way);
  },
  title: (name = '') => `without ${name}: one message with all three ways to a Kubernetes`,
});
test('the Go client', needs, {}, /because there is no program go$/);
test('a Go client that is new enough', needs, { go: 'echo go1.26.4; echo cc' }, /go1\.26\.4 is too old/);
test(
  'a C compiler',
  needs,
  { go: 'echo go1.26.8; echo no-such-cc' },
  /because there is no program no-such-cc$/,
);
test(
  'a build that works',
  needs,
  { go: 'case $1 in env) echo go1.26.8; echo cc ;; *) echo broken >&2; exit 1 ;; esac', cc: '' },
  /go list failed:\nbroken$/,
);

test('what is in the cache needs no Go client', async (t) => {
  const environment = { PATH: await programs(t, {}), XDG_CACHE_HOME: scratch(t) };
  const folder = await cacheFolder(environment);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'kube-apiserver'), '');
  const binaries = await findBinaries({ signal, log: (line) => t.fail(line), environment });
  t.is(binaries.path('kubectl'), join(folder, 'kubectl'));
});

test('two who need a build at once build once', async (t) => {
  const counting = `${go.replace('build) ', 'build) echo x >> "$COUNT"; ')}`;
  const count = join(scratch(t), 'count');
  const environment = {
    PATH: await programs(t, { go: counting, cc: '' }),
    XDG_CACHE_HOME: scratch(t),
    COUNT: count,
  };
  const [one, two] = await Promise.all(
    [1, 2].map(() => findBinaries({ signal, log: () => undefined, environment })),
  );
  t.is(one?.folder, two?.folder);
  t.true(existsSync(one?.path('kubectl') ?? ''));
  t.is(readFileSync(count, 'utf8'), 'x\n');
});

test('progress is one line every ten seconds with the time that is left, and the link is announced', async (t) => {
  const clock = manualClock();
  const lines: string[] = [];
  const progress = buildProgress(45, { clock, log: (line) => lines.push(line) });
  for (let second = 1; second <= 45; second += 1) {
    await clock.advance(1_000);
    progress.seen(`k8s.io/package-${second}`);
  }
  t.deepEqual(lines, [
    '  22 % (10 of 45 packages), 10 s, about 35 s left',
    '  44 % (20 of 45 packages), 20 s, about 25 s left',
    '  66 % (30 of 45 packages), 30 s, about 15 s left',
    '  88 % (40 of 45 packages), 40 s, about 5 s left',
    '  all 45 packages compiled, 45 s; linking takes another 20 s',
  ]);
});

test('downloads are progress too', async (t) => {
  const clock = manualClock();
  const lines: string[] = [];
  const progress = buildProgress(undefined, { clock, log: (line) => lines.push(line) });
  await clock.advance(12_000);
  progress.seen('go: downloading k8s.io/api v0.36.3');
  t.deepEqual(lines, ['  1 modules downloaded, 12 s']);
});

test('durations are minutes and seconds', (t) => {
  t.deepEqual([0, 59_400, 60_000, 125_000].map(duration), ['0 s', '59 s', '1 min 0 s', '2 min 5 s']);
});

test('the shell says what its children used', (t) => {
  t.is(cpuSecondsOf(['0m0.01s 0m0.00s', '8m6.27s 1m42.37s']), 588.64);
  t.is(cpuSecondsOf(['0m0.000000s 0m0.000000s', '0m1.500000s 0m0.250000s']), 1.75);
});

const compared = test.macro({
  exec(t, version: string, expected: boolean) {
    t.is(isAtLeast(version, '1.26.5'), expected);
  },
  title: (_, version: string) => `is ${version || 'nothing'} at least 1.26.5`,
});
test(compared, 'go1.26.5', true);
test(compared, 'go1.26.10', true);
test(compared, 'go1.27', true);
test(compared, 'go2.0', true);
test(compared, 'go1.26.4', false);
test(compared, 'go1.26', false);
test(compared, 'go1.9.9', false);
test(compared, '', false);
