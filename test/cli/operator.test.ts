// trectl for operators against a real control plane: the whole way from login to a site that was assigned something, and
// what is said when the server, its certificate or the token are not what they should be.

import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createAuthority, openAuthority } from '../../control-plane/trust/authority.ts';
import { systemClock } from '../../daemon/clock.ts';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import { parseJoinFile } from '../../proto/join-file.ts';
import { begin, bootId, collect, newMachine, openChannel, openStream } from '../support/agent-client.ts';
import { login, openDesk } from '../support/operator-desk.ts';
import { configMap } from '../support/release-source.ts';
import { scratch } from '../support/scratch.ts';

test('from login to a site that was assigned a release', async (t) => {
  const desk = await openDesk(t);
  const { done, trectl, folder, plane } = desk;
  await login(desk);
  t.is(statSync(join(folder, 'config/tre/login.json')).mode & 0o777, 0o600);
  await done('key', 'new', 'alice', '--out', '@keys');
  await done('key', 'set', '--threshold', '1', '@keys/alice.pub', '--out', '@keyset.json');
  await done('release', 'build', '@src', '--out', '@out');
  await done('release', 'sign', '@out', '--key', '@keys/alice.key');
  t.regex(await done('release', 'publish', '@out'), /objects: +1, 1 of them sent now\nsignatures: +1/);
  t.regex(await done('release', 'publish', '@out'), /0 of them sent now/);
  t.regex(await done('release', 'list'), /^NAME +VERSION +SIGNATURES .*\nsample +1\.0\.0 +1 /);

  await done('site', 'create', 'leeds');
  await done('site', 'join-file', 'leeds', '--keyset', '@keyset.json', '--out', '@leeds.join.json');
  t.is(statSync(join(folder, 'leeds.join.json')).mode & 0o777, 0o600);
  const file = parseJoinFile(readFileSync(join(folder, 'leeds.join.json')));
  t.like(file, { siteName: 'leeds', address: plane.addresses.agents, keyset: { threshold: 1 } });
  t.is((await trectl('site', 'approve', 'leeds', '--yes')).code, 3, 'nobody asked yet');

  const door = { address: file.address, ca: plane.ca };
  const machine = await newMachine(file.siteId);
  const channel = openChannel(door);
  t.teardown(() => channel.close());
  const { requestId, fingerprint } = await begin(channel, machine, file.token);
  const looked = await trectl('site', 'approve', 'leeds');
  t.is(looked.code, 2);
  t.true(looked.stdout.startsWith(fingerprint));
  const wrong = await trectl(
    'site',
    'approve',
    'leeds',
    '--fingerprint',
    'lusab-babad-gutih-tugad-mudof-sakat',
  );
  t.is(wrong.code, 3);
  t.regex(wrong.stderr, /^ENROLMENT_UNKNOWN: /);
  await done('site', 'approve', 'leeds', '--fingerprint', fingerprint.replaceAll('-', ' '));
  const { leaf } = await collect(channel, machine, requestId);

  t.regex(
    await done('site', 'assign', 'leeds', 'sample@1.0.0', '--set', 'locked=true', '--why', 'first'),
    /generation: +1\nparameters: +locked=true/,
  );
  const stream = await openStream({ siteId: file.siteId, name: 'leeds', machine, leaf, door }, { bootId });
  t.teardown(() => stream.close());
  await stream.until('offer');
  t.regex(
    await done('site', 'assign', 'leeds', 'sample@1.0.0', '--set', 'motto=a b'),
    /generation: +2\nparameters: +locked=true, motto=a b/,
  );
  t.regex(
    await done('site', 'assign', 'leeds', 'sample@1.0.0', '--unset', 'locked'),
    /parameters: +motto=a b\n?$/,
  );

  t.regex(
    await done('site', 'list'),
    /^NAME +NEWS .*\nleeds +live +(?:just now|\d+ s ago) +sample@1\.0\.0 +0\/3 +- +unknown +- +- +- +- +-\n$/,
  );
  const shown = JSON.parse(await done('site', 'show', 'leeds', '-o', 'json')) as Record<string, unknown>;
  t.like(shown, { name: 'leeds', joined: true, contact: { class: 'live' }, desired: { generation: 3 } });
  t.regex(
    await done('site', 'show', 'leeds'),
    /news: +live, last heard \d{4}-.*\n[^]*wanted: +sample@1\.0\.0, generation 3/,
  );
  t.regex(await done('site', 'show', 'leeds', '-o', 'yaml'), /\nname: leeds\n/);

  const refusals: readonly (readonly [string[], number, RegExp])[] = [
    [
      ['site', 'create', 'Leeds General'],
      3,
      /^REQUEST_INVALID: body\/name: must be lower-case letters, digits/,
    ],
    [
      ['site', 'join-file', 'leeds', '--keyset', '@keyset.json', '--hours', '48'],
      2,
      /It must be a number of hours, 24 at most\./,
    ],
    [
      ['site', 'assign', 'leeds', 'sample@1.0.0', '--set', 'locked=12'],
      3,
      /^PARAMETER_REFUSED: locked: must be true or false/,
    ],
    [['site', 'assign', 'leeds', 'sample@1.0.0', '--set', 'colour=red'], 3, /^PARAMETER_UNKNOWN: /],
    [['site', 'assign', 'leeds', 'sample@2.0.0'], 3, /^RELEASE_UNKNOWN: /],
    [['site', 'assign', 'leeds', 'sample@1.0.0', '--set', 'locked'], 2, /must be name=value/],
    [['site', 'show', 'york'], 3, /^SITE_UNKNOWN: There is no site york\./],
    [['site', 'create', 'leeds'], 3, /^SITE_NAME_TAKEN: /],
    [['site', 'create', 'Leeds!'], 3, /^REQUEST_INVALID: body\/name/],
  ];
  for (const [args, code, words] of refusals) {
    const refused = await trectl(...args);
    t.is(refused.code, code, args.join(' '));
    t.regex(refused.stderr, words);
  }
});

test('other content under a published name is refused', async (t) => {
  const desk = await openDesk(t);
  await login(desk);
  await desk.done('release', 'build', '@src', '--out', '@out');
  await desk.done('release', 'publish', '@out');
  writeFileSync(join(desk.folder, 'src/app/a.yaml'), `${configMap('a', 'k: changed')}immutable: false\n`);
  await desk.done('release', 'build', '@src', '--out', '@other');
  const refused = await desk.trectl('release', 'publish', '@other');
  t.is(refused.code, 3);
  t.regex(refused.stderr, /^RELEASE_CONFLICT: sample@1\.0\.0 was published as sha256:/);
});

test('a damaged pack is not sent', async (t) => {
  const desk = await openDesk(t);
  await login(desk);
  await desk.done('release', 'build', '@src', '--out', '@out');
  const manifest = JSON.parse(readFileSync(join(desk.folder, 'out/release.json'), 'utf8')) as {
    objects: { digest: string }[];
  };
  const digest = manifest.objects[0]?.digest.slice('sha256:'.length) ?? '';
  writeFileSync(join(desk.folder, 'out/blobs/sha256', digest), '{}');
  const refused = await desk.trectl('release', 'publish', '@out');
  t.is(refused.code, 3);
  t.regex(refused.stderr, /^DIGEST_MISMATCH: /);
});

test('a login says what is wrong before it is kept', async (t) => {
  const desk = await openDesk(t);
  const { trectl, folder, plane } = desk;
  t.regex((await trectl('site', 'list')).stderr, /^UNAUTHENTICATED: You are not logged in/);
  const attempt = (server: string, ca = '@ca.pem', token = '@token') =>
    trectl('login', '--server', server, '--ca', ca, '--token-file', token);
  t.regex((await attempt(plane.addresses.api.replace('https', 'http'))).stderr, /^PLAIN_HTTP: /);
  t.is((await attempt('control-plane')).code, 2);
  t.regex(
    (await attempt(plane.addresses.api, '@token')).stderr,
    /^FILE_UNREADABLE: .*token holds no certificate/,
  );
  t.regex(
    (await attempt(plane.addresses.api, '@none.pem')).stderr,
    /^FILE_UNREADABLE: There is no file .*none\.pem/,
  );
  t.regex(
    (await attempt(plane.addresses.api, '@ca.pem', '@ca.pem')).stderr,
    /^FILE_UNREADABLE: .*ca\.pem holds no token/,
  );
  writeFileSync(join(folder, 'wrong'), 'tre-operator-wrong');
  const denied = await attempt(plane.addresses.api, '@ca.pem', '@wrong');
  t.is(denied.code, 3);
  t.regex(denied.stderr, /^UNAUTHENTICATED: /);
  const kept = join(folder, 'config/tre/login.json');
  t.throws(() => statSync(kept));
  await login(desk);
  const good = JSON.parse(readFileSync(kept, 'utf8')) as object;
  for (const damage of [{ token: 'two\nlines' }, { url: 'nowhere' }, { ca: 7 }]) {
    writeFileSync(kept, JSON.stringify({ ...good, ...damage }));
    const damaged = await trectl('site', 'list');
    t.is(damaged.code, 3);
    t.regex(damaged.stderr, /^UNAUTHENTICATED: .*login\.json is damaged/);
  }
});

/** A server on localhost with a CA of its own, whose certificate is the file `ca`. */
async function otherServer(t: ExecutionContext, answer: RequestListener) {
  const folder = scratch(t);
  await createAuthority(folder, systemClock);
  const authority = await openAuthority(folder, { clock: systemClock, domain: 'localhost' });
  const { chain, key } = await authority.issueServerIdentity([]);
  const server = createServer({ cert: chain, key }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { port: (server.address() as { port: number }).port, ca: join(folder, 'ca.pem') };
}

test('a server of another CA is not trusted, and one that is not there is unreachable', async (t) => {
  const desk = await openDesk(t);
  const { port } = await otherServer(t, (_request, response) => response.end('{}'));
  const attempt = (at: string) =>
    desk.trectl('login', '--server', at, '--ca', '@ca.pem', '--token-file', '@token');
  const untrusted = await attempt(`https://localhost:${port}`);
  t.is(untrusted.code, 3);
  t.regex(untrusted.stderr, /^CERTIFICATE_UNTRUSTED: localhost:/);

  const agents = await attempt(desk.plane.addresses.agents.replace(/^/, 'https://'));
  t.is(agents.code, 4, 'the port for agents');
  t.regex(agents.stderr, /^CONTROL_PLANE_UNREACHABLE: .* answered 403 and not as a control plane does/);

  const silent = createTcpServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => silent.close());
  const unreachable = await attempt(`https://localhost:${(silent.address() as { port: number }).port}`);
  t.is(unreachable.code, 4);
  t.regex(unreachable.stderr, /^CONTROL_PLANE_UNREACHABLE: localhost:/);
});

test('a code of a newer control plane is told as it came', async (t) => {
  const desk = await openDesk(t);
  const problem = JSON.stringify({ code: 'RING_HALTED', detail: 'Ring 2 is halted.' });
  const { port, ca } = await otherServer(t, (_request, response) => {
    response.writeHead(409, { 'content-type': 'application/problem+json' }).end(problem);
  });
  copyFileSync(ca, join(desk.folder, 'other.pem'));
  const login = [
    'login',
    '--server',
    `https://localhost:${port}`,
    '--ca',
    '@other.pem',
    '--token-file',
    '@token',
  ];
  const { code, stderr } = await desk.trectl(...login);
  t.is(code, 3);
  t.regex(stderr, /^CAPABILITY_UNSUPPORTED: RING_HALTED: Ring 2 is halted\.\n/);
});

test('a viewer may look but not change', async (t) => {
  const desk = await openDesk(t);
  const controlPlane = join(import.meta.dirname, '../../control-plane/main.ts');
  const made = await systemExec(environment()).run(process.execPath, [
    controlPlane,
    'token',
    'new',
    '--data',
    desk.plane.data,
    '--role',
    'viewer',
    '--name',
    'sam',
    '--out',
    join(desk.folder, 'token'),
  ]);
  t.is(made.code, 0, made.stderr);
  await login(desk);
  await desk.done('site', 'list');
  const refused = await desk.trectl('site', 'create', 'leeds');
  t.is(refused.code, 3);
  t.regex(refused.stderr, /^FORBIDDEN: The token sam has the role viewer\./);
});
