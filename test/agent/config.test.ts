// Settings of an agent: where they come from, and what is refused.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { durationMs, loadSettings, readYaml } from '../../agent/config.ts';
import { scratch } from '../support/scratch.ts';

test('a flag wins over the file, the file over the default, and the origin is known', async (t) => {
  const config = join(scratch(t), 'agent.yaml');
  writeFileSync(config, 'socket: /run/other.sock\nobserveInterval: 10s\n');
  const { values, origins } = await loadSettings({ config, observeInterval: '5s' });
  t.like(values, { socket: '/run/other.sock', observeInterval: '5s', data: '/var/lib/tre-agent', join: '' });
  t.deepEqual(origins.observeInterval, { source: 'flag', name: '--observe-interval' });
  t.deepEqual(origins.socket, { source: 'file', name: config });
  t.is(origins.data.source, 'default');
});

test('without a file everything has its default; a file that was named must be there', async (t) => {
  t.like((await loadSettings({})).values, { kubeconfig: '', reconnectCap: '2m', logLevel: 'info' });
  await t.throwsAsync(loadSettings({ config: join(scratch(t), 'none.yaml') }), {
    message: /there is no configuration file/,
  });
});

test('relative paths start where the command was given', async (t) => {
  const { values } = await loadSettings({ data: 'data', join: 'north.join' });
  t.is(values.data, join(process.cwd(), 'data'));
  t.is(values.join, join(process.cwd(), 'north.join'));
});

const refusals: readonly (readonly [string, string, RegExp])[] = [
  ['a setting that does not exist', 'sockets: /run/a.sock\n', /there is no setting sockets/],
  ['a duration without a unit', "observeInterval: '30'\n", /observeInterval: must be a duration/],
  ['a duration that is a number', 'observeInterval: 30\n', /observeInterval: must be a duration/],
  ['a level that is none', 'logLevel: loud\n', /logLevel/],
  ['a file that is no YAML', 'a: [\n', /cannot be read as configuration/],
];

for (const [what, text, message] of refusals) {
  test(`${what} is refused`, async (t) => {
    const config = join(scratch(t), 'agent.yaml');
    writeFileSync(config, text);
    await t.throwsAsync(loadSettings({ config }), { message });
  });
}

test('durations', (t) => {
  t.deepEqual(['500ms', '30s', '2m', '1h'].map(durationMs), [500, 30_000, 120_000, 3_600_000]);
});

test('a YAML file that cannot be read says which, and never a line of it', async (t) => {
  const path = join(scratch(t), 'kubeconfig');
  writeFileSync(path, 'users:\n- name: a\n  user: {token: hidden-word, : [}\n');
  const error = await t.throwsAsync(readYaml(path), { message: /kubeconfig is not valid YAML/ });
  t.false(JSON.stringify([error?.message, String(error?.cause)]).includes('hidden-word'));
  await t.throwsAsync(readYaml(join(scratch(t), 'none')), { message: /there is no file/ });
});
