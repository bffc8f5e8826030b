// The database of a control plane: opens it and gives every table its own small face. Statements live in this folder
// only. Invariants: a change and its audit row are one transaction; what a site reported is durable before it is
// acknowledged. Opened once by main.ts; everything else gets it handed.
import { join } from 'node:path';
import { readMigrations } from '../../daemon/migrations.ts';
import { openDatabase } from '../../daemon/sqlite.ts';
import { auditTable, type AuditTable } from './audit.ts';
import { contactTable, type ContactTable } from './contacts.ts';
import { desiredTable, type DesiredTable } from './desired.ts';
import { deviceTable, type DeviceTable } from './devices.ts';
import { enrolmentTable, type EnrolmentTable } from './enrolments.ts';
import { eventTable, type EventTable } from './events.ts';
import { joinTokenTable, type JoinTokenTable } from './join-tokens.ts';
import { operatorTokenTable, type OperatorTokenTable } from './operator-tokens.ts';
import { releaseTable, type ReleaseTable } from './releases.ts';
import { reportTable, type ReportTable } from './reports.ts';
import { settingTable, type SettingTable } from './settings.ts';
import { siteTable, type SiteTable } from './sites.ts';

export interface Store extends AsyncDisposable {
  /** All or nothing, durable when it returns; `fn` is synchronous. */
  transaction<T>(fn: () => T): T;
  readonly settings: SettingTable;
  readonly sites: SiteTable;
  readonly joinTokens: JoinTokenTable;
  readonly enrolments: EnrolmentTable;
  readonly devices: DeviceTable;
  readonly releases: ReleaseTable;
  readonly desired: DesiredTable;
  readonly contacts: ContactTable;
  readonly reports: ReportTable;
  readonly events: EventTable;
  readonly operatorTokens: OperatorTokenTable;
  readonly audit: AuditTable;
}

/** The migrations of this store, in order. */
export const migrationsFolder = new URL('./migrations/', import.meta.url);

const ballastBytes = 16 * 2 ** 20;

/** Opens or makes `control-plane.db` in a folder that exists. Throws DaemonError. */
export function openStore(folder: string): Store {
  const database = openDatabase({ path: join(folder, 'control-plane.db'), migrations: readMigrations(migrationsFolder), ballastBytes });
  return {
    transaction: (fn) => database.transaction(fn),
    settings: settingTable(database),
    sites: siteTable(database),
    joinTokens: joinTokenTable(database),
    enrolments: enrolmentTable(database),
    devices: deviceTable(database),
    releases: releaseTable(database),
    desired: desiredTable(database),
    contacts: contactTable(database),
    reports: reportTable(database),
    events: eventTable(database),
    operatorTokens: operatorTokenTable(database),
    audit: auditTable(database),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
