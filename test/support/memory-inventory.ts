// The books of agent/act in memory, for tests that need no disk: the same rules as the real ones (one conformance suite
// runs against both).
import type { InventoryStore } from '../../agent/act/ports.ts';
import type { Attempt, ObjectId, OwnedObject } from '../../agent/plan/world.ts';

export function memoryInventory(): InventoryStore {
  const rows = new Map<ObjectId, OwnedObject>();
  const attempts = new Map<ObjectId, Attempt>();
  const change = (id: ObjectId, facts: Partial<OwnedObject>): void => {
    const row = rows.get(id);
    if (row !== undefined) rows.set(id, { ...row, ...facts });
  };
  const never = {
    uid: null,
    creating: false,
    appliedDigest: null,
    appliedImmutableDigest: null,
    ownHash: null,
  };
  return {
    inventory: () => new Map([...rows].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    attempts: () => new Map(attempts),
    intend: (objects, releaseDigest) => {
      for (const { id, group, version, kind, namespace, name, index } of objects)
        rows.set(id, {
          ...never,
          ...rows.get(id),
          id,
          group,
          version,
          kind,
          namespace,
          name,
          index,
          releaseDigest,
          kept: false,
        });
    },
    markCreating: (ids) => {
      for (const id of ids) change(id, { creating: true, uid: null });
    },
    recordApplied: (applied) => {
      for (const id of applied.keys()) if (!rows.has(id)) throw new Error('applied what was never intended');
      for (const [id, { digest, immutableDigest, ...facts }] of applied) {
        change(id, {
          ...facts,
          creating: false,
          appliedDigest: digest,
          appliedImmutableDigest: immutableDigest,
        });
        attempts.delete(id);
      }
    },
    recordFailed: (failed) => {
      for (const [id, { digest, code, notBefore }] of failed) {
        const before = attempts.get(id);
        attempts.set(id, {
          digest,
          code,
          notBefore,
          count: before?.digest === digest ? before.count + 1 : 1,
        });
      }
    },
    keep: (ids) => {
      for (const id of ids) change(id, { kept: true });
    },
    forget: (ids) => {
      for (const id of ids) {
        rows.delete(id);
        attempts.delete(id);
      }
    },
  };
}
