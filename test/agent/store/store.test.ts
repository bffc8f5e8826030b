// The data folder as a whole: what is kept over restarts, what becomes visible together, who may open it.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Wanted } from '../../../agent/plan/world.ts';
import { collectGarbage } from '../../../agent/store/collect.ts';
import { type AgentStore, migrationsFolder, openStore, withRoom } from '../../../agent/store/store.ts';
import { digestOf } from '../../../daemon/content-files.ts';
import { DaemonError } from '../../../daemon/errors.ts';
import { readMigrations } from '../../../daemon/migrations.ts';
import { type Database, openDatabase } from '../../../daemon/sqlite.ts';
import type { Release } from '../../../proto/document.ts';
import { configMap } from '../../conformance/store.ts';
import { scratch } from '../../support/scratch.ts';

async function open(t: ExecutionContext, folder = scratch(t)): Promise<AgentStore> {
  const store = await openStore(folder, 'boot-1', 0);
  t.teardown(() => store[Symbol.asyncDispose]());
  return store;
}

const roots = {
  id: '019aaf00-0000-7000-8000-000000000001',
  name: 'north',
  address: 'localhost:7443',
  caDigest: digestOf(Buffer.from('ca')),
  director: { name: 'director', key: Buffer.alloc(32, 1).toString('base64') },
  keyset: {
    type: 'tre.keyset/v1',
    version: 1,
    threshold: 1,
    keys: [{ name: 'release', key: Buffer.alloc(32, 2).toString('base64') }],
  },
} as const;

function wanted(generation: number, names: readonly string[]): Wanted {
  const objects = names.map((name, index) => ({ ...configMap(name, index), defines: ['a/v1/B'] }));
  const release = {
    name: 'demo',
    version: String(generation),
    digest: digestOf(Buffer.from(`release ${generation}`)),
  };
  const prune = [{ group: '', kind: 'Namespace', namespace: null, name: 'demo' }];
  const health = [
    {
      group: 'a',
      kind: 'B',
      means: 'failed' as const,
      pointer: '/status/phase',
      operator: 'equals' as const,
      value: 'Bad',
    },
  ];
  return {
    epoch: 1,
    generation,
    release,
    clusterUid: null,
    objects,
    prune,
    components: ['one', 'two'],
    health,
  };
}

const accepted = (document: Wanted) => ({
  wanted: document,
  documentDigest: digestOf(Buffer.from(`document ${document.generation}`)),
  envelope: Buffer.from('envelope'),
  acceptedAtMs: 5,
});

test('the site of a join file, its enrolment and its contact are kept over a restart', async (t) => {
  const folder = scratch(t);
  const first = await openStore(folder, 'boot-1', 0);
  t.is(first.site.read(), undefined);
  first.site.join(roots, 'a token', 1);
  first.site.setCsr(Buffer.from('csr'));
  t.like(first.site.enrolment(), { token: 'a token', requestId: null });
  first.site.setRequestId('request');
  first.site.setCa(Buffer.from('ca'));
  first.site.setContact(7);
  await first[Symbol.asyncDispose]();
  const { site } = await open(t, folder);
  t.like(site.read(), { ...roots, lastContactMs: 7, revokedAtMs: null });
  t.deepEqual(site.enrolment(), {
    token: null,
    tokenDigest: digestOf(Buffer.from('a token')),
    csr: Buffer.from('csr'),
    requestId: 'request',
  });
  site.endEnrolment();
  t.is(site.enrolment(), undefined);
});

test('a document and its objects replace the ones before, whole', async (t) => {
  const { desired } = await open(t);
  t.is(desired.wanted(), undefined);
  desired.commit(accepted(wanted(1, ['a', 'b', 'c'])));
  desired.commit(accepted(wanted(2, ['c', 'd'])));
  t.deepEqual(desired.wanted(), wanted(2, ['c', 'd']));
  t.like(desired.held(), { generation: 2, acceptedAtMs: 5, release: wanted(2, []).release });
});

test('a commit that fails half way leaves the document before it', async (t) => {
  const { desired } = await open(t);
  desired.commit(accepted(wanted(1, ['a'])));
  t.throws(() => desired.commit(accepted(wanted(2, ['a', 'b', 'b']))));
  t.deepEqual(desired.wanted(), wanted(1, ['a']));
});

test('writes made atomically are all there or none', async (t) => {
  const { atomically, desired, outbox } = await open(t);
  t.throws(() =>
    atomically(() => {
      desired.commit(accepted(wanted(1, ['a'])));
      outbox.queue('audit', Buffer.from('x'));
      throw new Error('no');
    }),
  );
  t.is(desired.held(), undefined);
  t.is(outbox.waiting(), 0);
});

test('a release keeps the time since which it has its role', async (t) => {
  const { desired } = await open(t);
  const [one, two] = [wanted(1, []).release, wanted(2, []).release];
  desired.setRelease('running', one, 10);
  desired.setRelease('running', one, 20);
  t.deepEqual(desired.releases().get('running'), { ...one, sinceMs: 10 });
  desired.setRelease('running', two, 30);
  t.deepEqual(desired.releases().get('running'), { ...two, sinceMs: 30 });
});

test('a refusal is new once; it is open until a document is accepted', async (t) => {
  const { journal } = await open(t);
  const refusal = {
    atMs: 1,
    epoch: 1,
    generation: 2,
    code: 'SITE_MISMATCH',
    documentDigest: 'sha256:x',
  } as const;
  t.true(journal.addRefusal(refusal));
  t.true(journal.addRefusal({ ...refusal, code: 'CHAIN_BROKEN' }));
  t.false(journal.addRefusal({ ...refusal, atMs: 9 }));
  t.deepEqual(journal.openRefusal(), { ...refusal, atMs: 9 });
  journal.settleRefusals();
  t.is(journal.openRefusal(), undefined);
});

test('runs come newest first', async (t) => {
  const { journal } = await open(t);
  const run = { startedAtMs: 1, endedAtMs: 2, generation: 1, applied: 1, repaired: 0, deleted: 0, failed: 0 };
  journal.addRun(run);
  journal.addRun({ ...run, startedAtMs: 3 });
  t.deepEqual(
    journal.runs(5).map((one) => one.startedAtMs),
    [3, 1],
  );
});

test('garbage collection keeps what is wanted, what was applied last and the known releases', async (t) => {
  const { content, desired, inventory } = await open(t);
  const texts = ['wanted', 'applied', 'of the running release', 'stray'] as const;
  const [isWanted, isApplied, ofRunning, stray] = (await content.put(
    ...texts.map((text) => Buffer.from(text)),
  )) as [string, string, string, string];
  const manifest = Buffer.from(JSON.stringify(releaseOf(ofRunning)));
  const running = String((await content.put(manifest))[0]);
  const object = configMap('a', 0, isWanted);
  desired.commit(accepted({ ...wanted(1, []), objects: [object] }));
  desired.setRelease('running', { name: 'demo', version: '1', digest: running }, 1);
  inventory.intend([object], 'sha256:one');
  const facts = {
    uid: 'u',
    digest: isApplied,
    immutableDigest: null,
    ownHash: 'h',
    releaseDigest: 'sha256:one',
    index: 0,
  };
  inventory.recordApplied(new Map([[object.id, facts]]));
  t.is(await collectGarbage({ content, desired, inventory }), 1);
  t.deepEqual(await content.list(), [isWanted, isApplied, ofRunning, running].sort() as never);
  t.false(await content.has(stray as never));
});

test('the folder belongs to one process and nobody else may look into it', async (t) => {
  const folder = scratch(t);
  const store = await open(t, folder);
  await store.keys.writeDevice('secret');
  await t.throwsAsync(openStore(folder, 'boot-2', 0), { instanceOf: DaemonError, message: /in use/ });
  await t.throwsAsync(store.keys.writeDevice('another'), { message: /never replaced/ });
  t.is(await store.keys.device(), 'secret');
  t.is(statSync(folder).mode & 0o777, 0o700);
  for (const file of ['state.db', 'keys/device-key.pem'])
    t.is(statSync(join(folder, file)).mode & 0o777, 0o600);
});

test('a transaction that finds the disk full makes room and is tried once more', async (t) => {
  const folder = scratch(t);
  const real = openDatabase({ path: join(folder, 'x.db'), migrations: readMigrations(migrationsFolder) });
  t.teardown(() => real.close());
  let failures = 1;
  let hasRoom = false;
  const filling: Database = {
    ...real,
    transaction: (fn) => {
      failures -= 1;
      if (failures >= 0) throw new DaemonError('disk-full', 'full');
      return real.transaction(fn);
    },
    makeRoom: (fn) => {
      fn();
      return hasRoom;
    },
  };
  let shed = 0;
  const room = withRoom(filling, () => {
    shed += 1;
  });
  t.is(
    room.database.transaction(() => 'done'),
    'done',
  );
  t.is(shed, 1);
  t.true(room.isFull());
  hasRoom = true;
  t.false(room.isFull());
  failures = 2;
  t.throws(() => room.database.transaction(() => 'done'), { message: 'full' });
});

function releaseOf(digest: string): Release {
  const object = {
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    namespace: 'demo',
    name: 'a',
    scope: 'Namespaced',
    component: 'a',
    digest,
    size: 2,
  } as const;
  return {
    type: 'tre.release/v1',
    capability: 1,
    name: 'demo',
    version: '1',
    components: ['a'],
    kubernetes: ['1.36'],
    objects: [object],
    parameters: [],
    health: [],
    images: [],
    prune: [],
    inputs: {},
    tool: '0.1.0',
  };
}
