// What a folder and a database hold, to be compared before and after something that must change nothing.
// Invariant: reads only, also beside the process that writes. Called by tests of refusals.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A database and what lies beside it, and locks: open programs write there what means nothing. */
const workingFiles = /\.db(-wal|-shm|\.ballast)?$|^lock(\.pid)?$/;

/** Path below the folder -> mode and digest of each file. */
export function filesOf(folder: string): Readonly<Record<string, string>> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !workingFiles.test(entry.name));
  return Object.fromEntries(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((path) => [relative(folder, path), fileFacts(path)]),
  );
}

/** Table -> all of its rows. */
export function rowsOf(path: string): Readonly<Record<string, readonly unknown[]>> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all();
    return Object.fromEntries(
      tables.map(({ name }) => [String(name), database.prepare(`SELECT * FROM "${String(name)}"`).all()]),
    );
  } finally {
    database.close();
  }
}

function fileFacts(path: string): string {
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
  return `${(statSync(path).mode & 0o777).toString(8)} ${digest}`;
}
