// The hash chain of the audit, so that whoever reads it can check it without trusting the server that keeps it. PURE.
// Each row is hashed together with the hash of the row before: a changed, missing or inserted row shows. Used by the
// control plane, which writes the rows, and by trectl, which computes every hash anew.
import { type CanonicalResult, canonicalBytes } from './canonical.ts';
import { digestOf } from './envelope.ts';

/** One row as it is hashed. */
export interface AuditFacts {
  /** 1, 2, 3, ... without gaps. */
  readonly id: number;
  /** Milliseconds since 1970 UTC. */
  readonly atMs: number;
  /** Name of an operator token, `site <id>` for a site's own doing, or `tre-control-plane`. */
  readonly who: string;
  /** A verb such as `site.approve`. */
  readonly what: string;
  /** What it was done to: a site's id, a release's name. */
  readonly subject: string;
  readonly why: string | null;
  /** Digest of what was published, issued or approved. */
  readonly digest: string | null;
  /** Hash of the row before; `auditRoot` in the first row. */
  readonly previous: string;
}

export interface ChainedRow extends AuditFacts {
  readonly hash: string;
}

/** `previous` of the first row. */
export const auditRoot = `sha256:${'0'.repeat(64)}`;

/** sha256 of the canonical JSON of the facts. Throws TypeError for a text that is not valid Unicode. */
export function auditHash(facts: AuditFacts): string {
  const written = writtenFacts(facts);
  if (!written.ok) throw new TypeError(`an audit row that cannot be written: ${written.reason}`);
  return digestOf(written.bytes);
}

function writtenFacts(facts: AuditFacts): CanonicalResult {
  const { id, atMs, who, what, subject, why, digest, previous } = facts;
  return canonicalBytes({ id, atMs, who, what, subject, why, digest, previous });
}

/** Where a reader stands in the chain. */
export interface ChainEnd {
  readonly id: number;
  readonly hash: string;
}

/** Before the first row. */
export const chainStart: ChainEnd = { id: 0, hash: auditRoot };

/**
 * The id of the first row that does not follow from the one before it, or undefined when the chain is whole. Whatever
 * the rows hold is an answer: one that cannot be hashed follows from nothing.
 */
export function brokenAuditRow(
  rows: readonly ChainedRow[],
  after: ChainEnd = chainStart,
): number | undefined {
  let end = after;
  for (const row of rows) {
    const written = writtenFacts(row);
    const isHashed = written.ok && row.hash === digestOf(written.bytes);
    if (row.id !== end.id + 1 || row.previous !== end.hash || !isHashed)
      return Number.isInteger(row.id) ? row.id : end.id + 1;
    end = row;
  }
  return undefined;
}
