// A site of a store that has joined, without the machine that did: for tests of what is said of sites.
// The name of the site is its id.
import type { HelloFacts } from '../../control-plane/store/contacts.ts';
import type { Store } from '../../control-plane/store/store.ts';
import { bootId } from './agent-client.ts';

/** What an agent says first that holds nothing and refused nothing. */
export const firstHello: HelloFacts = {
  capability: 1,
  agentVersion: '0.1.0',
  bootId,
  clusterUid: null,
  heldEpoch: 0,
  heldGeneration: 0,
  heldDigest: null,
  refusedGeneration: null,
  refusedCode: null,
};

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
