// The database of a control plane: opens it and gives every table its own small face. Statements live in this folder
// only. Invariants: a change and its audit row are one transaction; what a site reported is durable before it is
// acknowledged. Opened once by main.ts; everything else gets it handed.
import { join } from 'node:path';
import { readMigrations } from '../../daemon/migrations.ts';
import { openDatabase } from '../../daemon/sqlite.ts';
import { type AuditTable, auditTable } from './audit.ts';
import { type ContactTable, contactTable } from './contacts.ts';
import { type DesiredTable, desiredTable } from './desired.ts';
import { type DeviceTable, deviceTable } from './devices.ts';
import { type EnrolmentTable, enrolmentTable } from './enrolments.ts';
import { type EventTable, eventTable } from './events.ts';
import { type JoinTokenTable, joinTokenTable } from './join-tokens.ts';
import { type OperatorTokenTable, operatorTokenTable } from './operator-tokens.ts';
import { type ReleaseTable, releaseTable } from './releases.ts';
import { type ReportTable, reportTable } from './reports.ts';
import { type SettingTable, settingTable } from './settings.ts';
import { type SiteTable, siteTable } from './sites.ts';

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

/** The database of a folder. */
export function databasePath(folder: string): string {
  return join(folder, 'control-plane.db');
}

const ballastBytes = 16 * 2 ** 20;

/** Opens or makes `control-plane.db` in a folder that exists. Throws DaemonError. */
export function openStore(folder: string): Store {
  const database = openDatabase({
    path: databasePath(folder),
    migrations: readMigrations(migrationsFolder),
    ballastBytes,
  });
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
