// The file system as a narrow argument, for rooms that only keep whole files: tests can fail a write
// or count them. Invariants: a write is atomic and durable; a missing file is a value, not an error.
// The real one is below; larger or content-addressed data goes to content-files.ts.

import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readIfPresent, syncFolder, type WriteOptions, writeFileAtomic } from './atomic-file.ts';
import { fromSystem, systemCode } from './errors.ts';

export interface FileFacts {
  readonly kind: 'file' | 'folder' | 'other';
  readonly sizeBytes: number;
  /** Permission bits only. */
  readonly mode: number;
  readonly modifiedAtMs: number;
}

export interface Files {
  /** The whole content, or undefined when there is no such file. @throws DaemonError `path-unreadable` */
  read(path: string, maxBytes?: number): Promise<Uint8Array | undefined>;
  /** @throws DaemonError `path-unwritable`, `disk-full` */
  writeAtomic(path: string, data: Uint8Array | string, options?: WriteOptions): Promise<void>;
  /** Names in a folder, sorted, without unfinished writes; empty when there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Removes a file or a whole folder; nothing happens when it is not there. */
  remove(path: string): Promise<void>;
  /** Undefined when there is nothing; links are followed. */
  stat(path: string): Promise<FileFacts | undefined>;
  /** Makes a folder and its parents, 0700. */
  mkdir(folder: string): Promise<void>;
}

export const systemFiles: Files = {
  read: readIfPresent,
  writeAtomic: writeFileAtomic,

  async list(folder) {
    try {
      const names = await readdir(folder);
      return names.filter((name) => !(name.startsWith('.') && name.endsWith('.tmp'))).sort();
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw fromSystem(error, 'path-unreadable', folder);
    }
  },

  async remove(path) {
    try {
      await rm(path, { recursive: true, force: true });
      await syncFolder(dirname(path)).catch(ignoreMissing);
    } catch (error) {
      throw fromSystem(error, 'path-unwritable', path);
    }
  },

  async stat(path) {
    try {
      const facts = await stat(path);
      const kind = facts.isFile() ? 'file' : facts.isDirectory() ? 'folder' : 'other';
      return { kind, sizeBytes: facts.size, mode: facts.mode & 0o7777, modifiedAtMs: facts.mtimeMs };
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw fromSystem(error, 'path-unreadable', path);
    }
  },

  async mkdir(folder) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw fromSystem(error, 'path-unwritable', folder);
    }
  },
};

function ignoreMissing(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}
