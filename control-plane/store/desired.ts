// The chain of signed documents of each site, never changed. Called by the REST API, which adds to it, and by the sync
// sessions, which offer what a site lacks.
import type { Database } from '../../daemon/sqlite.ts';

export interface DesiredRow {
  readonly siteId: string;
  readonly epoch: number;
  readonly generation: number;
  /** Digest of the payload. */
  readonly digest: string;
  /** Digest of the payload of the document before. */
  readonly previous: string | null;
  readonly releaseDigest: string;
  /** The signed envelope as it travels. */
  readonly envelope: Uint8Array;
  readonly issuedAtMs: number;
  readonly issuedBy: string;
  readonly why: string | null;
  /** Of a rollback the place of the document whose release and parameters it has again; else null. */
  readonly backToEpoch: number | null;
  readonly backToGeneration: number | null;
}

/** A document's place in the chain, without the document. */
export type DesiredLink = Pick<DesiredRow, 'epoch' | 'generation' | 'digest' | 'previous'>;

export interface DesiredTable {
  add(row: DesiredRow): void;
  /** The newest document of a site. */
  latest(siteId: string): DesiredRow | undefined;
  /** The newest ones of a site, newest first. */
  history(siteId: string, limit: number): readonly DesiredRow[];
  /** Digest of the release that a document names. */
  releaseOf(
    siteId: string,
    position: { readonly epoch: number; readonly generation: number },
  ): string | undefined;
  /** The document to go back to: the newest one with another release than now, without those that were fled from by a
   *  rollback. */
  beforeLatest(siteId: string): DesiredRow | undefined;
  /** All of a site, oldest first. */
  chain(siteId: string): readonly DesiredLink[];
  envelope(siteId: string, link: DesiredLink): Uint8Array | undefined;
  /** Sites whose newest document names this release. */
  sitesOf(releaseDigest: string): readonly string[];
}

const columns = `site_id AS siteId, epoch, generation, digest, previous, release_digest AS releaseDigest, envelope,
  issued_at_ms AS issuedAtMs, issued_by AS issuedBy, why, back_to_epoch AS backToEpoch,
  back_to_generation AS backToGeneration`;

export function desiredTable(database: Database): DesiredTable {
  const insert = database.prepare(
    `INSERT INTO desired (site_id, epoch, generation, digest, previous, release_digest, envelope, issued_at_ms, issued_by, why,
       back_to_epoch, back_to_generation)
     VALUES (:siteId, :epoch, :generation, :digest, :previous, :releaseDigest, :envelope, :issuedAtMs, :issuedBy, :why,
       :backToEpoch, :backToGeneration)`,
  );
  const chain = database.prepare<DesiredLink>(
    'SELECT epoch, generation, digest, previous FROM desired WHERE site_id = ? ORDER BY epoch, generation',
  );
  const envelope = database.prepare<{ envelope: Uint8Array }>(
    'SELECT envelope FROM desired WHERE site_id = ? AND epoch = ? AND generation = ?',
  );
  const naming = database.prepare<{ siteId: string }>(
    'SELECT DISTINCT site_id AS siteId FROM desired WHERE release_digest = ?',
  );
  const history = newestFirst(database);
  return {
    add: (row) => void insert.run({ ...row }),
    ...history,
    chain: (siteId) => chain.all(siteId),
    envelope: (siteId, link) => envelope.get(siteId, link.epoch, link.generation)?.envelope,
    sitesOf: (releaseDigest) =>
      naming
        .all(releaseDigest)
        .map((row) => row.siteId)
        .filter((siteId) => history.latest(siteId)?.releaseDigest === releaseDigest),
  };
}

function newestFirst(
  database: Database,
): Pick<DesiredTable, 'latest' | 'history' | 'releaseOf' | 'beforeLatest'> {
  const history = database.prepare<DesiredRow>(
    `SELECT ${columns} FROM desired WHERE site_id = ? ORDER BY epoch DESC, generation DESC LIMIT ?`,
  );
  const release = database.prepare<{ digest: string }>(
    'SELECT release_digest AS digest FROM desired WHERE site_id = ? AND epoch = ? AND generation = ?',
  );
  const at = database.prepare<DesiredRow>(
    `SELECT ${columns} FROM desired WHERE site_id = ? AND epoch = ? AND generation = ?`,
  );
  const before = database.prepare<DesiredRow>(
    `SELECT ${columns} FROM desired WHERE site_id = ? AND (epoch, generation) < (?, ?)
     ORDER BY epoch DESC, generation DESC LIMIT 1`,
  );
  const latest = (siteId: string): DesiredRow | undefined => history.get(siteId, 1);
  return {
    latest,
    history: (siteId, limit) => history.all(siteId, limit),
    releaseOf: (siteId, { epoch, generation }) => release.get(siteId, epoch, generation)?.digest,
    beforeLatest: (siteId) => {
      const now = latest(siteId);
      let row = now;
      while (row !== undefined && row.releaseDigest === now?.releaseDigest) {
        const { backToEpoch, backToGeneration } = row;
        // What lies between a rollback and its goal was fled from.
        row =
          backToEpoch === null || backToGeneration === null
            ? before.get(siteId, row.epoch, row.generation)
            : at.get(siteId, backToEpoch, backToGeneration);
      }
      return row;
    },
  };
}
