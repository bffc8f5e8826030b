// The approved machines of each site and the leaves issued to them. One machine of a site counts at a time: approving
// another one replaces it. Called by enrolment, by the check of every message, and by the REST API.
import type { Database } from '../../daemon/sqlite.ts';

export interface DeviceRow {
  readonly siteId: string;
  /** 1 for the first machine of a site, then 2, ... */
  readonly agent: number;
  readonly enrolmentId: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly deviceKey: Uint8Array;
  readonly approvedAtMs: number;
}

export interface LeafRow {
  /** Digest of the DER. */
  readonly fingerprint: string;
  readonly serial: string;
  readonly siteId: string;
  readonly agent: number;
  readonly csrDigest: string;
  readonly der: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Everything that decides whether a leaf still counts. */
export interface LeafStanding {
  readonly siteId: string;
  readonly siteName: string;
  readonly agent: number;
  readonly notAfterMs: number;
  readonly siteRevokedAtMs: number | null;
  readonly deviceReplacedAtMs: number | null;
}

export interface DeviceTable {
  /** Adds the next machine of a site and replaces the one before; returns its number. */
  add(device: Omit<DeviceRow, 'agent'>): number;
  /** The machine that counts now. */
  current(siteId: string): DeviceRow | undefined;
  findByEnrolment(enrolmentId: string): DeviceRow | undefined;
  addLeaf(leaf: LeafRow): void;
  /** The newest leaf of a machine for one certificate request. */
  leafFor(
    device: { readonly siteId: string; readonly agent: number },
    csrDigest: string,
  ): LeafRow | undefined;
  standing(leafFingerprint: string): LeafStanding | undefined;
  /** Forgets leaves that expired before a moment, at most `limit`; returns how many. */
  forgetLeaves(expiredBeforeMs: number, limit: number): number;
  /** End of the newest leaf of the machine that counts now. */
  leafNotAfter(siteId: string): number | null;
}

const deviceColumns =
  'site_id AS siteId, agent, enrolment_id AS enrolmentId, device_key AS deviceKey, approved_at_ms AS approvedAtMs';
const leafColumns = `fingerprint, serial, site_id AS siteId, agent, csr_digest AS csrDigest, der,
  not_before_ms AS notBeforeMs, not_after_ms AS notAfterMs`;

export function deviceTable(database: Database): DeviceTable {
  const replace = database.prepare(
    'UPDATE device SET replaced_at_ms = ? WHERE site_id = ? AND replaced_at_ms IS NULL',
  );
  const insert = database.prepare<{ agent: number }>(
    `INSERT INTO device (site_id, agent, enrolment_id, device_key, approved_at_ms)
     VALUES (:siteId, (SELECT coalesce(max(agent), 0) + 1 FROM device WHERE site_id = :siteId), :enrolmentId, :deviceKey, :approvedAtMs)
     RETURNING agent`,
  );
  const current = database.prepare<DeviceRow>(
    `SELECT ${deviceColumns} FROM device WHERE site_id = ? AND replaced_at_ms IS NULL`,
  );
  const byEnrolment = database.prepare<DeviceRow>(
    `SELECT ${deviceColumns} FROM device WHERE enrolment_id = ?`,
  );
  return {
    add(device) {
      replace.run(device.approvedAtMs, device.siteId);
      const { siteId, enrolmentId, deviceKey, approvedAtMs } = device;
      return insert.get({ siteId, enrolmentId, deviceKey, approvedAtMs })?.agent ?? 0;
    },
    current: (siteId) => current.get(siteId),
    findByEnrolment: (enrolmentId) => byEnrolment.get(enrolmentId),
    ...leafStatements(database),
  };
}

function leafStatements(
  database: Database,
): Pick<DeviceTable, 'addLeaf' | 'leafFor' | 'standing' | 'forgetLeaves' | 'leafNotAfter'> {
  const insert = database.prepare(
    `INSERT INTO leaf (fingerprint, serial, site_id, agent, csr_digest, der, not_before_ms, not_after_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const byCsr = database.prepare<LeafRow>(
    `SELECT ${leafColumns} FROM leaf WHERE site_id = ? AND agent = ? AND csr_digest = ? ORDER BY not_after_ms DESC LIMIT 1`,
  );
  const standing = database.prepare<LeafStanding>(
    `SELECT leaf.site_id AS siteId, site.name AS siteName, leaf.agent AS agent, leaf.not_after_ms AS notAfterMs,
       site.revoked_at_ms AS siteRevokedAtMs, device.replaced_at_ms AS deviceReplacedAtMs
     FROM leaf JOIN site ON site.id = leaf.site_id
       JOIN device ON device.site_id = leaf.site_id AND device.agent = leaf.agent
     WHERE leaf.fingerprint = ?`,
  );
  // The newest leaf of a machine stays: it says since when the machine is away.
  const forget = database.prepare(
    `DELETE FROM leaf WHERE fingerprint IN (SELECT fingerprint FROM leaf WHERE not_after_ms < ? AND EXISTS
       (SELECT 1 FROM leaf AS later WHERE later.site_id = leaf.site_id AND later.agent = leaf.agent
          AND later.not_after_ms > leaf.not_after_ms) LIMIT ?)`,
  );
  const newest = database.prepare<{ notAfterMs: number | null }>(
    `SELECT max(not_after_ms) AS notAfterMs FROM leaf JOIN device USING (site_id, agent)
     WHERE site_id = ? AND replaced_at_ms IS NULL`,
  );
  return {
    addLeaf: (leaf) => {
      const { fingerprint, serial, siteId, agent, csrDigest, der, notBeforeMs, notAfterMs } = leaf;
      insert.run(fingerprint, serial, siteId, agent, csrDigest, der, notBeforeMs, notAfterMs);
    },
    leafFor: ({ siteId, agent }, csrDigest) => byCsr.get(siteId, agent, csrDigest),
    forgetLeaves: (expiredBeforeMs, limit) => forget.run(expiredBeforeMs, limit).changes,
    standing: (leafFingerprint) => standing.get(leafFingerprint),
    leafNotAfter: (siteId) => newest.get(siteId)?.notAfterMs ?? null,
  };
}
