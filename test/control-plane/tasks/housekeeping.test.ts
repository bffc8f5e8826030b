// What a control plane does on the hour: certificates of the listeners at half their life, tokens long after their end.

import test from 'ava';
import { openStore } from '../../../control-plane/store/store.ts';
import {
  forgetTokensAfterMs,
  housekeeping,
  startHousekeeping,
} from '../../../control-plane/tasks/housekeeping.ts';
import {
  createAuthority,
  openAuthority,
  type ServerIdentity,
  serverLeafLifeMs,
} from '../../../control-plane/trust/authority.ts';
import { contentFiles } from '../../../daemon/content-files.ts';
import { silentLog } from '../../../daemon/log.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';

async function open(t: Parameters<typeof scratch>[0]) {
  const folder = scratch(t);
  const clock = manualClock();
  await createAuthority(folder, clock);
  const authority = await openAuthority(folder, { clock, domain: 'localhost' });
  const store = openStore(folder);
  t.teardown(() => void store[Symbol.asyncDispose]());
  const shown: ServerIdentity[] = [];
  const identity = await authority.issueServerIdentity([]);
  const use = (renewed: ServerIdentity) => void shown.push(renewed);
  return {
    store,
    clock,
    shown,
    deps: {
      store,
      content: contentFiles(folder),
      authority,
      clock,
      log: silentLog,
      hosts: ['tre.example'],
      identity,
      use,
    },
  };
}

test('the certificate of the listeners is renewed at half its life, once', async (t) => {
  const { clock, shown, deps } = await open(t);
  const round = housekeeping(deps);
  await round();
  clock.jump(serverLeafLifeMs / 2 - 1_000);
  await round();
  t.is(shown.length, 0);
  clock.jump(1_000);
  await round();
  await round();
  t.is(shown.length, 1);
  t.is(shown[0]?.notAfterMs, clock.now() + serverLeafLifeMs);
});

test('unused join tokens are forgotten a month after their end, used ones never', async (t) => {
  const { store, clock, deps } = await open(t);
  store.sites.add({ id: 's', name: 's', createdAtMs: 1 });
  const end = clock.now();
  for (const hash of ['used', 'unused'])
    store.joinTokens.add({ hash, siteId: 's', createdAtMs: 1, expiresAtMs: end });
  store.joinTokens.use('used', end);
  const round = housekeeping(deps);
  clock.jump(forgetTokensAfterMs);
  await round();
  t.truthy(store.joinTokens.find('unused'));
  clock.jump(1);
  await round();
  t.is(store.joinTokens.find('unused'), undefined);
  t.truthy(store.joinTokens.find('used'));
});

test('the timetable can be started and ended', async (t) => {
  const { deps } = await open(t);
  await t.notThrowsAsync(async () => await startHousekeeping(deps)[Symbol.asyncDispose]());
});
