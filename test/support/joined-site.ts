// A site of a store that has joined, without the machine that did: for tests of what is said of sites.
// The name of the site is its id.
import type { Store } from '../../control-plane/store/store.ts';

/** Its one leaf ends at `notAfterMs`. */
export function addJoinedSite(store: Store, id: string, notAfterMs: number): void {
  store.sites.add({ id, name: id, createdAtMs: 1 });
  store.joinTokens.add({ hash: id, siteId: id, createdAtMs: 1, expiresAtMs: 2 });
  const machine = { deviceKey: new Uint8Array(1), csr: new Uint8Array(1), fingerprint: 'six' };
  store.enrolments.add({ id, siteId: id, tokenHash: id, ...machine, createdAtMs: 1 });
  const approved = { siteId: id, enrolmentId: id, deviceKey: machine.deviceKey, approvedAtMs: 1 };
  const agent = store.devices.add(approved);
  const leaf = { fingerprint: id, serial: '1', siteId: id, agent, csrDigest: 'c', der: new Uint8Array(1) };
  store.devices.addLeaf({ ...leaf, notBeforeMs: 0, notAfterMs });
}
