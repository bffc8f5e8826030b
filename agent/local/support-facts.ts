// What the store tells support: positions, counts, codes and times, also when no agent runs. PURE but for the store.
// Law: no names, no addresses, no words of anybody; every field is picked by hand. Called by answers.ts and by
// support-command.ts.
import type { AgentStore } from '../store/store.ts';
import { time } from './status-words.ts';

export type StoreFacts = ReturnType<typeof storeFacts>;

const keptRuns = 50;

export function storeFacts(store: AgentStore) {
  const { site, desired, inventory, journal, outbox, conditions, ledger } = store;
  const held = desired.held();
  const refusal = journal.openRefusal();
  const known = site.read();
  return {
    site: known === undefined ? null : { id: known.id, isRevoked: known.revokedAtMs !== null },
    enrolling: site.enrolment() !== undefined,
    lastContact: typeof known?.lastContactMs === 'number' ? time(known.lastContactMs) : null,
    document:
      held === undefined
        ? null
        : {
            epoch: held.epoch,
            generation: held.generation,
            digest: held.documentDigest,
            release: held.release.digest,
            acceptedAt: time(held.acceptedAtMs),
            objects: desired.wanted()?.objects.length ?? 0,
          },
    releases: [...desired.releases()].map(([role, { digest, sinceMs }]) => ({
      role,
      digest,
      since: time(sinceMs),
    })),
    inventory: inventoryCounts(inventory),
    conditions: [...conditions.held()].map(([code, sinceMs]) => ({ code, since: time(sinceMs) })),
    refusal:
      refusal === undefined
        ? null
        : { code: refusal.code, generation: refusal.generation, at: time(refusal.atMs) },
    runs: journal.runs(keptRuns).map(({ startedAtMs, endedAtMs, ...counts }) => ({
      startedAt: time(startedAtMs),
      tookMs: endedAtMs - startedAtMs,
      ...counts,
    })),
    reports: { waiting: outbox.waiting(), lastSequence: outbox.lastSequence() },
    ledger: ledger.extent(),
    isFull: store.isFull(),
  };
}

function inventoryCounts(inventory: AgentStore['inventory']) {
  const rows = [...inventory.inventory().values()];
  const attempts = [...inventory.attempts().values()];
  return {
    objects: rows.length,
    kept: rows.filter(({ kept }) => kept).length,
    failing: attempts.map(({ code, count }) => ({ code, count })),
  };
}
