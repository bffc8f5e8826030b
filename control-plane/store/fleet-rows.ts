// Everything that a list of sites says of each, in one statement: a list of a thousand costs one query, not thousands.
// Deleted sites are not in it. Read by the REST API, the metrics and whoever takes stock of the fleet.
import type { Database } from '../../daemon/sqlite.ts';
import type { Standing } from '../fleet/news.ts';
import { readState } from '../fleet/site-report.ts';
import type { KnownState } from '../fleet/verdict.ts';
import { type ContactRow, contactColumns } from './contacts.ts';
import type { DesiredRow } from './desired.ts';
import type { SiteRow } from './sites.ts';

export interface WaitingMachine {
  readonly id: string;
  readonly fingerprint: string;
  readonly createdAtMs: number;
}

export interface FleetRow {
  readonly site: SiteRow;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined before the first Hello. */
  readonly contact: ContactRow | undefined;
  readonly hasMachine: boolean;
  /** End of the newest leaf of the machine that counts now. */
  readonly leafNotAfterMs: number | null;
  readonly waiting: readonly WaitingMachine[];
  readonly known: KnownState | null;
  /** The newest document. */
  readonly desired: Pick<DesiredRow, 'digest' | 'envelope' | 'epoch' | 'generation' | 'releaseDigest'> | null;
  /** Null when nothing was ever said of the site in an event. */
  readonly standing: Standing | null;
}

export interface FleetRowTable {
  find(siteId: string): FleetRow | undefined;
  /** By name. */
  list(): readonly FleetRow[];
}

interface StoredRow extends Omit<ContactRow, never>, SiteRow {
  readonly contactSite: string | null;
  readonly labels: string;
  readonly hasMachine: number;
  readonly leafNotAfterMs: number | null;
  readonly waiting: string;
  readonly state: string | null;
  readonly receivedAtMs: number;
  readonly knownMs: number | null;
  readonly healthKnownMs: number | null;
  readonly digest: string | null;
  readonly envelope: Uint8Array;
  readonly epoch: number;
  readonly generation: number;
  readonly releaseDigest: string;
  readonly standingContact: Standing['contact'];
  readonly standingWord: Standing['word'] | null;
}

const machine = 'device.site_id = site.id AND device.replaced_at_ms IS NULL';
const select = `SELECT site.id, site.name, site.created_at_ms AS createdAtMs, site.revoked_at_ms AS revokedAtMs,
  contact.site_id AS contactSite, ${contactColumns},
  (SELECT json_group_object(key, value) FROM (SELECT key, value FROM site_label WHERE site_id = site.id ORDER BY key)) AS labels,
  EXISTS (SELECT 1 FROM device WHERE ${machine}) AS hasMachine,
  (SELECT max(not_after_ms) FROM device JOIN leaf USING (site_id, agent) WHERE ${machine}) AS leafNotAfterMs,
  (SELECT json_group_array(json_object('id', id, 'fingerprint', fingerprint, 'createdAtMs', created_at_ms))
     FROM (SELECT * FROM enrolment WHERE site_id = site.id AND state = 'pending' ORDER BY created_at_ms, id)) AS waiting,
  site_state.state, site_state.received_at_ms AS receivedAtMs, known_ms AS knownMs, health_known_ms AS healthKnownMs,
  desired.digest, desired.envelope, desired.epoch, desired.generation, desired.release_digest AS releaseDigest,
  site_standing.contact AS standingContact, site_standing.word AS standingWord
FROM site LEFT JOIN contact ON contact.site_id = site.id LEFT JOIN site_state ON site_state.site_id = site.id
  LEFT JOIN site_standing ON site_standing.site_id = site.id
  LEFT JOIN desired ON desired.rowid =
    (SELECT rowid FROM desired WHERE site_id = site.id ORDER BY epoch DESC, generation DESC LIMIT 1)
WHERE site.deleted_at_ms IS NULL`;

export function fleetRowTable(database: Database): FleetRowTable {
  const one = database.prepare<StoredRow>(`${select} AND site.id = ?`);
  const all = database.prepare<StoredRow>(`${select} ORDER BY site.name`);
  return {
    find: (siteId) => {
      const row = one.get(siteId);
      return row && fleetRow(row);
    },
    list: () => all.all().map(fleetRow),
  };
}

function fleetRow(row: StoredRow): FleetRow {
  const { id, name, createdAtMs, revokedAtMs, receivedAtMs, knownMs, healthKnownMs } = row;
  const { state, digest, envelope, epoch, generation, releaseDigest, standingContact, standingWord } = row;
  return {
    site: { id, name, createdAtMs, revokedAtMs },
    labels: JSON.parse(row.labels) as Record<string, string>,
    contact: row.contactSite === null ? undefined : row,
    hasMachine: row.hasMachine === 1,
    leafNotAfterMs: row.leafNotAfterMs,
    waiting: JSON.parse(row.waiting) as WaitingMachine[],
    known: state === null ? null : { receivedAtMs, knownMs, healthKnownMs, state: readState(state) },
    desired: digest === null ? null : { digest, envelope, epoch, generation, releaseDigest },
    standing: standingWord === null ? null : { contact: standingContact, word: standingWord },
  };
}
