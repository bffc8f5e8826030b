// A thousand sites: the list is quick, the metrics have as many series as for one, and both say the truth.

import test from 'ava';
import type { SiteView } from '../../control-plane/api/site-schema.ts';
import { openStore, type Store } from '../../control-plane/store/store.ts';
import { publishRelease, startControlPlane } from '../support/control-plane.ts';
import { configMapObject, makeRelease, newSigner, signaturesOf } from '../support/documents.ts';
import { scratch } from '../support/scratch.ts';
import { siteState, withConditions } from '../support/site-reports.ts';

const count = 1_000;
const maxSeries = 150;
const maxListMs = 100;
const bootId = '019aaf00-0000-7000-8000-0000000000b1';
const made = makeRelease([configMapObject('a')], { components: ['base', 'portal', 'workspaces'] });

/** Joined, heard of just now, healthy as far as the odd ones go. */
function fill(store: Store, nowMs: number): void {
  const position = { epoch: 1, generation: 1 };
  const document = store.desired.latest(store.sites.find('seed')?.id ?? '');
  if (document === undefined) throw new Error('no document to copy');
  store.transaction(() => {
    for (let index = 0; index < count; index += 1) {
      const id = `019aaf00-0000-7000-8000-${String(index).padStart(12, '0')}`;
      const machine = { deviceKey: new Uint8Array(91), csr: new Uint8Array(300), fingerprint: 'six words' };
      store.sites.add({ id, name: `site-${index}`, createdAtMs: nowMs });
      store.labels.set(id, 'ring', String(index % 10));
      store.joinTokens.add({ hash: id, siteId: id, createdAtMs: 1, expiresAtMs: 2 });
      store.enrolments.add({ id, siteId: id, tokenHash: id, ...machine, createdAtMs: 1 });
      store.enrolments.decide(id, 'approved', 1);
      const approved = { siteId: id, enrolmentId: id, deviceKey: machine.deviceKey, approvedAtMs: 1 };
      const agent = store.devices.add(approved);
      const leaf = {
        fingerprint: id,
        serial: '1',
        siteId: id,
        agent,
        csrDigest: 'c',
        der: new Uint8Array(600),
      };
      store.devices.addLeaf({ ...leaf, notBeforeMs: 0, notAfterMs: nowMs + 86_400_000 });
      store.desired.add({ ...document, siteId: id, digest: `sha256:${String(index).padStart(64, '0')}` });
      const none = { clusterUid: null, heldEpoch: 1, heldGeneration: 1, heldDigest: document.digest };
      const hello = { ...none, capability: 1, agentVersion: '0.1.0', bootId, refusedGeneration: null };
      store.contacts.hello(id, { ...hello, refusedCode: null }, index % 2 === 0 ? nowMs - 3_600_000 : nowMs);
      const components = [0, 1, 2].map((at) => ({
        index: at,
        applied: true,
        healthy: true,
        drifted: false,
        objects: 9,
      }));
      const told = { ...withConditions('DiskLow', 'Drifted'), components, ...position };
      const state = siteState({ ...told, observedAtMs: nowMs, healthObservedAtMs: nowMs });
      const row = { bootId, sequence: 1, content: { kind: 'state', state } } as const;
      store.reports.accept(id, [row], { receivedAtMs: nowMs, aheadMs: 0 });
    }
  });
}

test('a list of a thousand sites is quick, and its metrics are bounded', async (t) => {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  const metrics = async () => {
    const { body } = await plane.rest<string>('GET', '/metrics');
    return body.split('\n').filter((one) => one !== '' && !one.startsWith('#'));
  };
  await publishRelease(plane, made, signaturesOf(made.manifest, newSigner('alice')));
  await plane.rest('POST', '/v1/sites', { name: 'seed' });
  await plane.rest('PUT', '/v1/sites/seed/desired', { release: 'demo@1.0.0' });
  const few = await metrics();
  await using store = openStore(plane.data);
  fill(store, Date.now());

  const list = () => plane.rest<{ sites: SiteView[] }>('GET', '/v1/sites');
  const { sites } = (await list()).body;
  t.is(sites.length, count + 1);
  const healthy = sites.filter(({ verdict: { word, isNews } }) => word === 'healthy' && isNews);
  t.is(healthy.length, count / 2);
  t.deepEqual(
    sites[1]?.state?.components.map(({ name }) => name),
    ['base', 'portal', 'workspaces'],
  );
  // Processor time of server and client together: the clock on the wall would measure who else is at work here.
  const wallMs: number[] = [];
  const cpuMs: number[] = [];
  for (let index = 0; index < 10; index += 1) await list();
  for (let index = 0; index < 100; index += 1) {
    const beganMs = performance.now();
    const began = process.cpuUsage();
    await list();
    const { user, system } = process.cpuUsage(began);
    cpuMs.push((user + system) / 1000);
    wallMs.push(performance.now() - beganMs);
  }
  const at = (times: readonly number[], part: number) =>
    [...times].sort((a, b) => a - b)[Math.floor(times.length * part)] ?? Number.NaN;
  const said = (times: readonly number[]) =>
    `median ${at(times, 0.5).toFixed(0)} ms, p99 ${at(times, 0.99).toFixed(0)} ms`;
  t.log(`list: ${said(wallMs)}; processor: ${said(cpuMs)}`);

  const many = await metrics();
  const names = (lines: readonly string[]) => new Set(lines.map((one) => one.replace(/ \S+$/, '')));
  t.log(`${names(few).size} series before, ${names(many).size} after`);
  t.deepEqual(
    [...names(many)].filter((name) => !names(few).has(name) && !name.includes('http_requests')),
    [],
  );
  t.true(names(many).size <= maxSeries);
  const value = (name: string) =>
    Number(
      many
        .find((one) => one.startsWith(`${name} `))
        ?.split(' ')
        .at(-1),
    );
  t.is(value('tre_sites{class="live"}'), count / 2);
  t.is(value('tre_sites{class="offline"}'), count / 2);
  t.is(value('tre_sites{class="new"}'), 1);
  t.is(value('tre_sites_by_verdict{word="healthy",news="true"}'), count / 2);
  t.is(value('tre_sites_by_verdict{word="healthy",news="false"}'), count / 2);
  t.is(value('tre_sites_with_condition{code="DiskLow"}'), count);
  t.true(at(cpuMs, 0.5) <= maxListMs);
});
