// Published releases: name@version -> digest, for ever; the signatures that came with them; and which content they name.
// The content itself lies in files by digest. Called by the REST API, by content and by the sync sessions.
import type { Database } from '../../daemon/sqlite.ts';

export interface ReleaseRow {
  /** Digest of the manifest. */
  readonly digest: string;
  readonly name: string;
  readonly version: string;
  readonly publishedAtMs: number;
  readonly publishedBy: string;
  /** Detached signatures as in proto/envelope.ts; without any they are an empty list. */
  readonly signatures: Uint8Array;
}

export interface ReleaseTable {
  /** `content` are the digests of its objects; the manifest is added by itself. */
  add(release: ReleaseRow, content: readonly string[]): void;
  find(name: string, version: string): ReleaseRow | undefined;
  findByDigest(digest: string): ReleaseRow | undefined;
  /** Newest first. */
  list(): readonly ReleaseRow[];
  setSignatures(digest: string, signatures: Uint8Array): void;
  /** True for a manifest or an object of any release. */
  isNamed(contentDigest: string): boolean;
  /** True when a document of the site leads to this content. */
  isNamedFor(siteId: string, contentDigest: string): boolean;
}

const columns =
  'digest, name, version, published_at_ms AS publishedAtMs, published_by AS publishedBy, signatures';

export function releaseTable(database: Database): ReleaseTable {
  const insert = database.prepare(
    'INSERT INTO release (digest, name, version, published_at_ms, published_by, signatures) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const insertContent = database.prepare(
    'INSERT OR IGNORE INTO release_content (release_digest, content_digest) VALUES (?, ?)',
  );
  const byName = database.prepare<ReleaseRow>(
    `SELECT ${columns} FROM release WHERE name = ? AND version = ?`,
  );
  const byDigest = database.prepare<ReleaseRow>(`SELECT ${columns} FROM release WHERE digest = ?`);
  const all = database.prepare<ReleaseRow>(
    `SELECT ${columns} FROM release ORDER BY published_at_ms DESC, name, version`,
  );
  const setSignatures = database.prepare('UPDATE release SET signatures = ? WHERE digest = ?');
  const anywhere = database.prepare<{ one: number }>(
    'SELECT 1 AS one FROM release_content WHERE content_digest = ? LIMIT 1',
  );
  const named = database.prepare<{ one: number }>(
    `SELECT 1 AS one FROM desired JOIN release_content USING (release_digest)
     WHERE site_id = ? AND content_digest = ? LIMIT 1`,
  );
  return {
    add(release, content) {
      const { digest, name, version, publishedAtMs, publishedBy, signatures } = release;
      insert.run(digest, name, version, publishedAtMs, publishedBy, signatures);
      for (const one of [digest, ...content]) insertContent.run(digest, one);
    },
    find: (name, version) => byName.get(name, version),
    findByDigest: (digest) => byDigest.get(digest),
    list: () => all.all(),
    setSignatures: (digest, signatures) => void setSignatures.run(signatures, digest),
    isNamed: (contentDigest) => anywhere.get(contentDigest) !== undefined,
    isNamedFor: (siteId, contentDigest) => named.get(siteId, contentDigest) !== undefined,
  };
}
