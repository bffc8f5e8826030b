// What a data folder says of its site, for a look from outside while the agent runs or does not. Invariants: nothing is
// made, changed or locked; a folder of a newer version is not guessed at. Called by agent/doctor.
import { join } from 'node:path';
import { systemFiles } from '../../daemon/files.ts';
import { readMigrations } from '../../daemon/migrations.ts';
import { openForReading } from '../../daemon/sqlite.ts';
import { keyFiles } from './keys.ts';
import { type Site, siteOver } from './site.ts';
import { migrationsFolder } from './store.ts';

export interface AgentRecords {
  /** Undefined before a join file was read. */
  readonly site: Site | undefined;
  /** Key and certificate, PEM, one after the other; undefined before the operator has approved. */
  readonly leaf: string | undefined;
  /** Whether the control plane has the request of this machine for its first certificate. */
  readonly isRequested: boolean;
}

/** @throws DaemonError `path-unreadable`, `database-corrupt`, `database-newer` */
export async function readRecords(folder: string): Promise<AgentRecords> {
  await using database = openForReading(join(folder, 'state.db'), readMigrations(migrationsFolder).length);
  const site = siteOver(database);
  return {
    site: site.read(),
    leaf: await keyFiles(join(folder, 'keys'), systemFiles).leaf(),
    isRequested: (site.enrolment()?.requestId ?? null) !== null,
  };
}
