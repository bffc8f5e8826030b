// `npm start` again and again on one data folder: another release, a release that changed under its name, a port that
// somebody else has. The tests run in order and each stands on the one before it.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import anyTest, { type TestFn } from 'ava';
import { layoutOf } from '../../dev/start/layout.ts';
import { lastLine, npmStart, processesOf } from '../support/npm-start.ts';

interface Context {
  readonly folder: string;
  readonly data: string;
}
const test = anyTest as TestFn<Context>;

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

test.before(async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tre-again-'));
  t.context = { folder, data: join(folder, 'data') };
  const { code, stderr } = await npmStart('--once', '--data', t.context.data);
  t.is(code, 0, stderr);
});

test.after.always((t) => rm(t.context.folder, { recursive: true, force: true }));

test.serial('another release is the next generation', async (t) => {
  const v2 = join(examples, 'small-tre', 'v2');
  const { code, stdout, stderr } = await npmStart('--once', '--data', t.context.data, '--from', v2);
  t.is(code, 0, stderr);
  t.like(lastLine(stdout), { release: 'small-tre@2.0.0', generation: 2, applied: true });
});

test.serial('a release that changed under its name is refused', async (t) => {
  const { folder, data } = t.context;
  const changed = join(folder, 'small-tre');
  await cp(join(examples, 'small-tre'), changed, { recursive: true });
  await cp(join(changed, 'v1', 'projects', 'heart.yaml'), join(changed, 'v2', 'projects', 'heart.yaml'));
  const { code, stdout, stderr } = await npmStart('--once', '--data', data, '--from', join(changed, 'v2'));
  t.is(code, 3, stderr);
  t.regex(stderr, /RELEASE_CONFLICT/);
  t.notRegex(stdout, /^\{/m);
});

test.serial('a port that somebody else has is named', async (t) => {
  const { data } = t.context;
  const { people } = JSON.parse(readFileSync(layoutOf(data).settings, 'utf8')) as { readonly people: number };
  const squatter = createServer().listen(people, '127.0.0.1');
  t.teardown(() => squatter.close());
  await once(squatter, 'listening');
  const { code, stderr } = await npmStart('--once', '--data', data);
  t.not(code, 0);
  t.regex(stderr, /PORT_TAKEN/);
  t.true(stderr.includes(String(people)), stderr);
  t.deepEqual([...processesOf(data).values()], []);
});
