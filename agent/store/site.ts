// Who this machine is: the site of its join file with its trust roots, and the pending request for a certificate.
// Invariants: trust roots enter by a join file only, never over the network (but for the CA certificate, whose digest the
// join file names); the join token leaves as soon as the request is known. Written by agent/intake.
import type { Database } from '../../daemon/sqlite.ts';
import { digestOf, type PublicKey } from '../../proto/envelope.ts';
import { type Keyset, parseKeyset } from '../../proto/join-file.ts';

/** The site and what it trusts. Times are milliseconds UTC; `ca` is DER, null until the control plane was seen once. */
export interface Site {
  readonly id: string;
  readonly name: string;
  /** `host:port` of the control plane. */
  readonly address: string;
  readonly caDigest: string;
  readonly ca: Uint8Array | null;
  readonly director: PublicKey;
  readonly keyset: Keyset;
  readonly revokedAtMs: number | null;
  /** When the control plane was last known to answer. */
  readonly lastContactMs: number | null;
}

/** What a join file says about the site. */
export type SiteRoots = Pick<Site, 'id' | 'name' | 'address' | 'caDigest' | 'director' | 'keyset'>;

/** The request for the first certificate. The token is there until the request has an id. */
export interface Enrolment {
  readonly token: string | null;
  /** Tells a new join file from the one that was read before. */
  readonly tokenDigest: string;
  readonly csr: Uint8Array | null;
  readonly requestId: string | null;
}

export interface SiteStore {
  /** Undefined before a join file was read. */
  readonly read: () => Site | undefined;
  /** Takes the roots of a join file; begins a new enrolment when its token is another one than before. */
  readonly join: (roots: SiteRoots, token: string, nowMs: number) => void;
  readonly setAddress: (address: string) => void;
  readonly setCa: (der: Uint8Array) => void;
  readonly setContact: (atMs: number) => void;
  /** null takes a revocation back. */
  readonly setRevoked: (atMs: number | null) => void;
  /** Undefined when no enrolment is under way. */
  readonly enrolment: () => Enrolment | undefined;
  readonly setCsr: (csr: Uint8Array) => void;
  /** Forgets the token. */
  readonly setRequestId: (requestId: string) => void;
  readonly endEnrolment: () => void;
}

/** The site in an open database. */
export function siteOver(database: Database): SiteStore {
  const statements = prepare(database);
  return {
    read: () => {
      const row = statements.read.get();
      return row === undefined ? undefined : site(row);
    },
    join: ({ id, name, address, caDigest, director, keyset }, token, nowMs) =>
      database.transaction(() => {
        const trust = { director: JSON.stringify(director), keyset: JSON.stringify(keyset) };
        statements.join.run({ id, name, address, caDigest, ...trust, nowMs });
        statements.beginEnrolment.run(token, digestOf(Buffer.from(token, 'utf8')));
      }),
    setAddress: (address) => database.transaction(() => void statements.setAddress.run(address)),
    setCa: (der) => database.transaction(() => void statements.setCa.run(der)),
    setContact: (atMs) => database.transaction(() => void statements.setContact.run(atMs)),
    setRevoked: (atMs) => database.transaction(() => void statements.setRevoked.run(atMs)),
    enrolment: () => statements.enrolment.get(),
    setCsr: (csr) => database.transaction(() => void statements.setCsr.run(csr)),
    setRequestId: (requestId) => database.transaction(() => void statements.setRequestId.run(requestId)),
    endEnrolment: () => database.transaction(() => void statements.endEnrolment.run()),
  };
}

interface SiteRow {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly ca_digest: string;
  readonly ca: Uint8Array | null;
  readonly director: string;
  readonly keyset: string;
  readonly revoked_at_ms: number | null;
  readonly last_contact_ms: number | null;
}

function prepare(database: Database) {
  return {
    read: database.prepare<SiteRow>('SELECT * FROM site'),
    join: database.prepare(
      `INSERT OR REPLACE INTO site (only, id, name, address, ca_digest, director, keyset, read_at_ms)
       VALUES (1, :id, :name, :address, :caDigest, :director, :keyset, :nowMs)`,
    ),
    setAddress: database.prepare('UPDATE site SET address = ?'),
    setCa: database.prepare('UPDATE site SET ca = ?'),
    setContact: database.prepare('UPDATE site SET last_contact_ms = ?'),
    setRevoked: database.prepare('UPDATE site SET revoked_at_ms = ?'),
    enrolment: database.prepare<Enrolment>(
      'SELECT token, token_digest AS tokenDigest, csr, request_id AS requestId FROM enrolment',
    ),
    beginEnrolment: database.prepare(
      `INSERT INTO enrolment (only, token, token_digest) VALUES (1, ?, ?)
       ON CONFLICT (only) DO UPDATE SET token = excluded.token, token_digest = excluded.token_digest, csr = NULL, request_id = NULL
       WHERE token_digest <> excluded.token_digest`,
    ),
    setCsr: database.prepare('UPDATE enrolment SET csr = ?'),
    setRequestId: database.prepare('UPDATE enrolment SET request_id = ?, token = NULL'),
    endEnrolment: database.prepare('DELETE FROM enrolment'),
  };
}

function site(row: SiteRow): Site {
  return {
    id: row.id,
    name: row.name,
    address: row.address,
    caDigest: row.ca_digest,
    ca: row.ca,
    // Written by `join` from a parsed join file.
    director: JSON.parse(row.director) as PublicKey,
    keyset: parseKeyset(Buffer.from(row.keyset, 'utf8')),
    revokedAtMs: row.revoked_at_ms,
    lastContactMs: row.last_contact_ms,
  };
}
