// Everything that an agent remembers, in one data folder: state.db, content by digest, key files.
// Invariants: one process per folder; what a call wrote survives kill -9 and a power cut; a full disk sheds states and
// old runs, never results, audit rows or what is wanted. Opened by run.ts, which hands the parts to the rooms.
import { join } from 'node:path';
import { ensurePrivateDir } from '../../daemon/atomic-file.ts';
import { type ContentStore, contentFiles } from '../../daemon/content-files.ts';
import { isDaemonError } from '../../daemon/errors.ts';
import { systemFiles } from '../../daemon/files.ts';
import { readMigrations } from '../../daemon/migrations.ts';
import { type Database, lockFolder, openDatabase } from '../../daemon/sqlite.ts';
import { type ConditionStore, conditionsOver } from './conditions.ts';
import { type DesiredStore, desiredOver } from './desired.ts';
import { type HardwareStore, hardwareOver } from './hardware.ts';
import { type HoldStore, holdsOver } from './holds.ts';
import { type Inventory, inventoryOver } from './inventory.ts';
import { type IsolationStore, isolationOver } from './isolation.ts';
import { type Journal, journalOver } from './journal.ts';
import { type KeyFiles, keyFiles } from './keys.ts';
import { type Ledger, ledgerOver } from './ledger.ts';
import { type ObjectHealthStore, objectHealthOver } from './object-health.ts';
import { type Outbox, outboxOver } from './outbox.ts';
import { type SiteStore, siteOver } from './site.ts';

export interface AgentStore extends AsyncDisposable {
  readonly site: SiteStore;
  readonly desired: DesiredStore;
  readonly inventory: Inventory;
  readonly outbox: Outbox;
  readonly journal: Journal;
  readonly conditions: ConditionStore;
  readonly hardware: HardwareStore;
  readonly holds: HoldStore;
  readonly objectHealth: ObjectHealthStore;
  readonly isolation: IsolationStore;
  readonly ledger: Ledger;
  readonly keys: KeyFiles;
  readonly content: ContentStore;
  /** Several writes as one: all of them are there afterwards, or none. */
  readonly atomically: <T>(fn: () => T) => T;
  /** True while the disk is so full that reports were shed. */
  readonly isFull: () => boolean;
}

/** The migrations of this store, in order. */
export const migrationsFolder = new URL('./migrations/', import.meta.url);

/**
 * Opens or makes the data folder. `bootId` names this start of the agent in every report; `ballastBytes` is what is
 * given up when the disk is full.
 * @throws DaemonError `folder-locked`, `path-unwritable`, `disk-full`, and as openDatabase
 */
export async function openStore(
  folder: string,
  bootId: string,
  ballastBytes = defaultBallastBytes,
): Promise<AgentStore> {
  await ensurePrivateDir(folder);
  await using opened = new AsyncDisposableStack();
  opened.use(lockFolder(folder));
  const migrations = readMigrations(migrationsFolder);
  const database = opened.use(openDatabase({ path: join(folder, 'state.db'), migrations, ballastBytes }));
  const room = withRoom(database, () => {
    outboxOver(database, bootId).shed();
    journalOver(database).shed();
    ledgerOver(database).shed();
  });
  const content = contentFiles(join(folder, 'content'));
  const closing = opened.move();
  return {
    site: siteOver(room.database),
    desired: desiredOver(room.database),
    inventory: inventoryOver(room.database),
    outbox: outboxOver(room.database, bootId),
    journal: journalOver(room.database),
    conditions: conditionsOver(room.database),
    hardware: hardwareOver(room.database),
    holds: holdsOver(room.database),
    objectHealth: objectHealthOver(room.database),
    isolation: isolationOver(room.database),
    ledger: ledgerOver(room.database),
    keys: keyFiles(join(folder, 'keys'), systemFiles),
    content,
    atomically: (fn) => room.database.transaction(fn),
    isFull: room.isFull,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

// More than the write-ahead log and the largest document of 20,000 objects.
const defaultBallastBytes = 24 * 2 ** 20;

/** The database whose outermost transactions make room and try once more when the disk is full. */
export function withRoom(
  database: Database,
  shed: () => void,
): { readonly database: Database; readonly isFull: () => boolean } {
  let depth = 0;
  let full = false;
  const makeRoom = (): void => {
    full = true;
    full = !database.makeRoom(shed);
  };
  const transaction = <T>(fn: () => T): T => {
    depth += 1;
    try {
      return database.transaction(fn);
    } catch (error) {
      if (depth > 1 || !isDaemonError(error, 'disk-full')) throw error;
      makeRoom();
      return database.transaction(fn);
    } finally {
      depth -= 1;
    }
  };
  // Asked once a run: so a disk that was full is noticed to have room again.
  const isFull = (): boolean => {
    if (full && depth === 0) makeRoom();
    return full;
  };
  return { database: { ...database, transaction }, isFull };
}
