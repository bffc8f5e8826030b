// One row a site: what its last Hello said, when it was last heard of, what was offered to it, and what stands between
// us. Written by the sync sessions, read by the REST API.
import type { Database } from '../../daemon/sqlite.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import type { ChainPosition } from '../fleet/next-desired.ts';

/** What an agent says of itself when it opens a stream. */
export interface HelloFacts {
  readonly capability: number;
  readonly agentVersion: string;
  readonly bootId: string;
  /** Null while unknown. */
  readonly clusterUid: string | null;
  /** 0, 0 and null when it holds no document. */
  readonly heldEpoch: number;
  readonly heldGeneration: number;
  readonly heldDigest: string | null;
  /** Null when it refused nothing, 0 when it could not even read what it refused. */
  readonly refusedGeneration: number | null;
  readonly refusedCode: ErrorCode | null;
}

export interface ContactRow extends Partial<Nullable<HelloFacts>> {
  readonly lastContactMs: number | null;
  /** Why nothing is offered to this site, although something else is wanted. */
  readonly problem: ErrorCode | null;
  readonly problemSinceMs: number | null;
  readonly offeredEpoch: number | null;
  readonly offeredGeneration: number | null;
  readonly offeredSignatures: string | null;
  /** How much our clock is ahead of the site's, as the last stream showed. */
  readonly aheadMs: number | null;
}

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };

export interface ContactTable {
  find(siteId: string): ContactRow | undefined;
  /** The cluster once known stays; a new machine of the site makes it unknown again (`forgetCluster`). */
  hello(siteId: string, facts: HelloFacts, nowMs: number): void;
  /** Any sign of life. */
  seen(siteId: string, nowMs: number): void;
  /** What a heartbeat showed of the site's clock. */
  clock(siteId: string, aheadMs: number): void;
  /** A document that the site says it works towards. One that is not in its chain is not noted: only Hello knows better.
   *  When it is another one than before, a refusal of it or of an earlier one is settled. */
  holds(siteId: string, held: { readonly epoch: number; readonly generation: number }): void;
  refused(siteId: string, refusal: { readonly generation: number; readonly code: ErrorCode }): void;
  offered(
    siteId: string,
    offer: { readonly epoch: number; readonly generation: number; readonly signatures: string },
  ): void;
  /** The moment is kept while the problem stays the same. */
  problem(siteId: string, code: ErrorCode | null, nowMs: number): void;
  forgetCluster(siteId: string): void;
  /** The highest epoch up to `limit` that any site said it holds; 0 for none. */
  highestEpoch(limit: number): number;
}

/** Of the table `contact`, as a ContactRow. */
export const contactColumns = `contact.last_contact_ms AS lastContactMs, contact.capability, contact.agent_version AS agentVersion,
  contact.boot_id AS bootId, contact.cluster_uid AS clusterUid, contact.held_epoch AS heldEpoch,
  contact.held_generation AS heldGeneration, contact.held_digest AS heldDigest,
  contact.refused_generation AS refusedGeneration, contact.refused_code AS refusedCode, contact.problem,
  contact.problem_since_ms AS problemSinceMs, contact.offered_epoch AS offeredEpoch,
  contact.offered_generation AS offeredGeneration, contact.offered_signatures AS offeredSignatures, contact.ahead_ms AS aheadMs`;

export function contactTable(database: Database): ContactTable {
  const select = database.prepare<ContactRow>(`SELECT ${contactColumns} FROM contact WHERE site_id = ?`);
  const hello = database.prepare(
    `INSERT INTO contact (site_id, last_contact_ms, capability, agent_version, boot_id, cluster_uid, held_epoch,
       held_generation, held_digest, refused_generation, refused_code)
     VALUES (:siteId, :nowMs, :capability, :agentVersion, :bootId, :clusterUid, :heldEpoch, :heldGeneration, :heldDigest,
       :refusedGeneration, :refusedCode)
     ON CONFLICT (site_id) DO UPDATE SET last_contact_ms = :nowMs, capability = :capability, agent_version = :agentVersion,
       boot_id = :bootId, cluster_uid = coalesce(cluster_uid, :clusterUid), held_epoch = :heldEpoch,
       held_generation = :heldGeneration, held_digest = :heldDigest, refused_generation = :refusedGeneration,
       refused_code = :refusedCode`,
  );
  // A site that holds another document than before has accepted it: what it refused up to there is settled.
  const open = 'held_digest IS desired.digest OR refused_generation > desired.generation';
  const holds = database.prepare(
    `UPDATE contact SET held_epoch = desired.epoch, held_generation = desired.generation, held_digest = desired.digest,
       refused_generation = iif(${open}, refused_generation, NULL), refused_code = iif(${open}, refused_code, NULL)
     FROM desired WHERE contact.site_id = :siteId AND desired.site_id = :siteId AND desired.epoch = :epoch
       AND desired.generation = :generation`,
  );
  const refused = database.prepare(
    'UPDATE contact SET refused_generation = ?, refused_code = ? WHERE site_id = ?',
  );
  const offered = database.prepare(
    'UPDATE contact SET offered_epoch = ?, offered_generation = ?, offered_signatures = ? WHERE site_id = ?',
  );
  const problem = database.prepare(
    `INSERT INTO contact (site_id, problem, problem_since_ms) VALUES (:siteId, :code, :sinceMs)
     ON CONFLICT (site_id) DO UPDATE SET problem = :code, problem_since_ms = :sinceMs WHERE problem IS NOT :code`,
  );
  const highest = database.prepare<{ epoch: number | null }>(
    'SELECT max(held_epoch) AS epoch FROM contact WHERE held_epoch <= ?',
  );
  const forget = database.prepare('UPDATE contact SET cluster_uid = NULL WHERE site_id = ?');
  return {
    find: (siteId) => select.get(siteId),
    hello: (siteId, facts, nowMs) => void hello.run({ siteId, nowMs, ...facts }),
    ...signsOfLife(database),
    holds: (siteId, { epoch, generation }) => void holds.run({ siteId, epoch, generation }),
    refused: (siteId, { generation, code }) => void refused.run(generation, code, siteId),
    offered: (siteId, { epoch, generation, signatures }) =>
      void offered.run(epoch, generation, signatures, siteId),
    problem: (siteId, code, nowMs) =>
      void problem.run({ siteId, code, sinceMs: code === null ? null : nowMs }),
    forgetCluster: (siteId) => void forget.run(siteId),
    highestEpoch: (limit) => highest.get(limit)?.epoch ?? 0,
  };
}

function signsOfLife(database: Database): Pick<ContactTable, 'seen' | 'clock'> {
  const seen = database.prepare('UPDATE contact SET last_contact_ms = ? WHERE site_id = ?');
  const clock = database.prepare('UPDATE contact SET ahead_ms = ? WHERE site_id = ?');
  return {
    seen: (siteId, nowMs) => void seen.run(nowMs, siteId),
    clock: (siteId, aheadMs) => void clock.run(aheadMs, siteId),
  };
}

/** The document that a site says it holds, or null for none. */
export function heldBy(contact: ContactRow | undefined): ChainPosition | null {
  const { heldEpoch, heldGeneration, heldDigest } = contact ?? {};
  if (!heldEpoch || !heldGeneration || !heldDigest) return null;
  return { epoch: heldEpoch, generation: heldGeneration, digest: heldDigest };
}
