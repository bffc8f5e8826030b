// What a site said of itself when it opened a stream, and what of that stays.

import test, { type ExecutionContext } from 'ava';
import { openStore } from '../../../control-plane/store/store.ts';
import { bootId } from '../../support/agent-client.ts';
import { firstHello } from '../../support/joined-site.ts';
import { scratch } from '../../support/scratch.ts';

const clusterUid = '019aaf00-0000-7000-8000-00000000c105';

function open(t: ExecutionContext) {
  const store = openStore(scratch(t));
  t.teardown(() => void store[Symbol.asyncDispose]());
  store.sites.add({ id: 'a', name: 'leeds', createdAtMs: 1 });
  const hello = (uid: string | null) => store.contacts.hello('a', { ...firstHello, clusterUid: uid }, 5);
  return { store, contacts: store.contacts, hello };
}

test('the cluster of a site once known stays known, until another machine is approved', (t) => {
  const { contacts, hello } = open(t);
  hello(null);
  t.is(contacts.find('a')?.clusterUid, null);
  hello(clusterUid);
  hello(null);
  t.is(contacts.find('a')?.clusterUid, clusterUid, 'a cluster that does not answer is no other cluster');
  hello(bootId);
  t.is(contacts.find('a')?.clusterUid, clusterUid, 'nor is one that took its place');
  contacts.forgetCluster('a');
  hello(bootId);
  t.is(contacts.find('a')?.clusterUid, bootId);
});

test('a refusal stands until the site holds that document or a later one', (t) => {
  const { store, contacts, hello } = open(t);
  for (const generation of [1, 2, 3])
    store.desired.add({
      siteId: 'a',
      epoch: 1,
      generation,
      digest: `d${generation}`,
      previous: null,
      releaseDigest: 'r',
      envelope: new Uint8Array(1),
      issuedAtMs: 1,
      issuedBy: 'admin',
      why: null,
      backToEpoch: null,
      backToGeneration: null,
    });
  const after = (generation: number) => {
    contacts.holds('a', { epoch: 1, generation });
    const { heldDigest, refusedGeneration, refusedCode } = contacts.find('a') ?? {};
    return [heldDigest, refusedGeneration, refusedCode];
  };
  hello(null);
  t.deepEqual(after(1), ['d1', null, null]);
  contacts.refused('a', { generation: 3, code: 'SITE_HELD' });
  t.deepEqual(after(1), ['d1', 3, 'SITE_HELD'], 'it goes on as it was');
  t.deepEqual(after(2), ['d2', 3, 'SITE_HELD'], 'an earlier one settles nothing');
  t.deepEqual(after(9), ['d2', 3, 'SITE_HELD'], 'one that was never issued');
  t.deepEqual(after(3), ['d3', null, null]);
  contacts.refused('a', { generation: 3, code: 'CLUSTER_MISMATCH' });
  t.deepEqual(after(3), ['d3', 3, 'CLUSTER_MISMATCH'], 'what it holds, and refuses now');
});
