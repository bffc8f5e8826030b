// A machine that has read its join file and has no certificate yet: does the control plane know of it?
import test from 'ava';
import { lookAtSite } from '../../../agent/doctor/look-site.ts';
import { openStore } from '../../../agent/store/store.ts';
import { doctorTools } from '../../support/doctor-tools.ts';
import { keysetOf, newSigner } from '../../support/documents.ts';
import { scratch } from '../../support/scratch.ts';

const bootId = '019aaf00-0000-7000-8000-0000000000d3';
const alice = newSigner('alice');
const roots = {
  id: '019aaf00-0000-7000-8000-0000000000d4',
  name: 'leeds',
  address: 'localhost:7443',
  caDigest: `sha256:${'0'.repeat(64)}`,
  director: alice.publicKey,
  keyset: keysetOf(1, alice),
};

test('before and after the control plane has heard of this machine', async (t) => {
  const folder = scratch(t);
  const look = () => lookAtSite.look({ folder }, doctorTools());
  await using store = await openStore(folder, bootId, 0);
  store.site.join(roots, 'token', Date.now());
  const early = await look();
  t.like(early.findings, [{ code: 'NOT_JOINED', severity: 'error' }]);
  t.regex(early.facts, /^leeds, control plane localhost:7443 has not heard of this machine yet/);
  store.site.setRequestId('019aaf00-0000-7000-8000-0000000000d5');
  const later = await look();
  t.like(later.findings, [{ code: 'EnrolmentPending', severity: 'info' }]);
  for (const { learned } of [early, later]) t.like(learned, { site: { name: 'leeds' }, leaf: null });
});
