// The database of a control plane: opens it and gives every table its own small face. Statements live in this folder
// only. Invariants: a change and its audit row are one transaction; what a site reported is durable before it is
// acknowledged. Opened once by main.ts; everything else gets it handed.
import { join } from 'node:path';
import { readMigrations } from '../../daemon/migrations.ts';
import { openDatabase } from '../../daemon/sqlite.ts';
import { type AlertPositionTable, alertPositionTable } from './alert-positions.ts';
import { type AuditTable, auditTable } from './audit.ts';
import { type ContactTable, contactTable } from './contacts.ts';
import { type DesiredTable, desiredTable } from './desired.ts';
import { type DeviceTable, deviceTable } from './devices.ts';
import { type EnrolmentTable, enrolmentTable } from './enrolments.ts';
import { type EventTable, eventTable } from './events.ts';
import { type FleetRowTable, fleetRowTable } from './fleet-rows.ts';
import { type JoinTokenTable, joinTokenTable } from './join-tokens.ts';
import { type LabelTable, labelTable } from './labels.ts';
import { type OperatorTokenTable, operatorTokenTable } from './operator-tokens.ts';
import { type ReleaseTable, releaseTable } from './releases.ts';
import { type ReportTable, reportTable } from './reports.ts';
import { type SettingTable, settingTable } from './settings.ts';
import { type SiteTable, siteTable } from './sites.ts';
import { type StandingTable, standingTable } from './standings.ts';

export interface Store extends AsyncDisposable {
  /** All or nothing, durable when it returns; `fn` is synchronous. */
  readonly transaction: <T>(fn: () => T) => T;
  readonly settings: SettingTable;
  readonly sites: SiteTable;
  readonly labels: LabelTable;
  readonly fleet: FleetRowTable;
  readonly joinTokens: JoinTokenTable;
  readonly enrolments: EnrolmentTable;
  readonly devices: DeviceTable;
  readonly releases: ReleaseTable;
  readonly desired: DesiredTable;
  readonly contacts: ContactTable;
  readonly reports: ReportTable;
  readonly events: EventTable;
  readonly standings: StandingTable;
  readonly alertPositions: AlertPositionTable;
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
  const events = eventTable(database);
  return {
    transaction: (fn) => database.transaction(fn),
    settings: settingTable(database),
    sites: siteTable(database),
    labels: labelTable(database),
    fleet: fleetRowTable(database),
    joinTokens: joinTokenTable(database),
    enrolments: enrolmentTable(database),
    devices: deviceTable(database),
    releases: releaseTable(database),
    desired: desiredTable(database),
    contacts: contactTable(database),
    reports: reportTable(database, events),
    events,
    standings: standingTable(database),
    alertPositions: alertPositionTable(database),
    operatorTokens: operatorTokenTable(database),
    audit: auditTable(database),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
