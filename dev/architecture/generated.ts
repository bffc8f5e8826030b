// Every file of the repository that is made from another one, with the content it should have now.
// `npm run generate` writes them, the architecture test compares; nothing is written from here.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Exec, runChecked } from '../../daemon/exec.ts';
import { readMigrations, schemaText } from '../../daemon/migrations.ts';
import { openDatabase } from '../../daemon/sqlite.ts';
import { documentTables, withTable } from './doc-tables.ts';
import { lintConfig } from './lint-config.ts';

export interface GeneratedFile {
  /** From the root. */
  readonly path: string;
  readonly content: string;
}

export const root = join(import.meta.dirname, '..', '..');

/** Where buf writes the TypeScript of the contract; nothing else may lie there. */
export const contractFolder = 'proto/gen';

/** Rooms whose migrations make a database, with the schema that they add up to beside them. */
export const storeFolders = ['agent/store', 'control-plane/store'] as const;

/** The TypeScript of proto/tre. @throws DaemonError `command-failed` with the words of buf */
export async function contractFiles(exec: Exec): Promise<GeneratedFile[]> {
  return await withScratch(async (scratch) => {
    await runChecked(exec, 'buf', ['generate', '--output', scratch], { cwd: root });
    const entries = await readdir(join(scratch, contractFolder), { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    return await Promise.all(
      files.sort().map(async (file) => ({
        path: file.slice(scratch.length + 1),
        content: await readFile(file, 'utf8'),
      })),
    );
  });
}

/** What the migrations of a folder add up to, made by running them. @throws DaemonError `migration-invalid` */
export async function schemaFile(folder: string): Promise<GeneratedFile> {
  return await withScratch(async (scratch) => {
    const url = pathToFileURL(join(root, folder, 'migrations/'));
    await using database = openDatabase({ path: join(scratch, 'state.db'), migrations: readMigrations(url) });
    const content = schemaText(<Row>(sql: string) => database.prepare<Row>(sql).all());
    return { path: `${folder}/schema.sql`, content };
  });
}

/** The documents of docs/ that hold a table, each with its table as the data says. */
export async function documentFiles(): Promise<GeneratedFile[]> {
  const entries = Object.entries(documentTables);
  return await Promise.all(
    entries.map(async ([path, { name, render }]) => ({
      path,
      content: withTable(await readFile(join(root, path), 'utf8'), name, render()),
    })),
  );
}

/** .oxlintrc.json. */
export function lintFile(): GeneratedFile {
  return { path: '.oxlintrc.json', content: `${JSON.stringify(lintConfig(), null, 2)}\n` };
}

async function withScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), 'tre-generate-'));
  try {
    return await use(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
