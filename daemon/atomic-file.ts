// Files that are either whole or not there, also after a power cut: temporary file beside the target,
// fsync, rename, fsync of the folder. Invariants: readers never see half a file; private folders are
// 0700 and private files 0600. Called by whatever keeps keys, tokens and documents on disk.

import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DaemonError, fromSystem, systemCode } from './errors.ts';

export interface WriteOptions {
  /** File mode; 0600 when not given. The process's umask does not narrow it. */
  readonly mode?: number;
}

/**
 * Replaces `path` with `data`; when this resolves the new content survives a power cut.
 * @throws DaemonError `path-unwritable`, `disk-full`; the old content is then untouched.
 */
export async function writeFileAtomic(
  path: string,
  data: Uint8Array | string,
  options: WriteOptions = {},
): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await writeDurably(temporary, data, options.mode ?? 0o600);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fromSystem(error, 'path-unwritable', path);
  }
}

/** Writes and fsyncs a file in place; only for names that nobody reads yet. */
export async function writeDurably(path: string, data: Uint8Array | string, mode: number): Promise<void> {
  await using file = await open(path, 'w', mode);
  await file.chmod(mode);
  await file.writeFile(data);
  await file.sync();
}

/** Makes renames and removals in `folder` survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

/**
 * The bytes of `path`, or undefined when there is no such file.
 * @throws DaemonError `path-unreadable` for anything else, and for more than `maxBytes`.
 */
export async function readIfPresent(
  path: string,
  maxBytes = defaultMaxBytes,
): Promise<Uint8Array | undefined> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) {
      throw new DaemonError('path-unreadable', `${path} is larger than ${maxBytes} bytes`, {
        details: { path },
      });
    }
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fromSystem(error, 'path-unreadable', path);
  }
}

/** The UTF-8 text of `path`, which must exist. @throws DaemonError `path-unreadable`. */
export async function readText(path: string, maxBytes = defaultMaxBytes): Promise<string> {
  const bytes = await readIfPresent(path, maxBytes);
  if (bytes === undefined) {
    throw new DaemonError('path-unreadable', `there is no file ${path}`, {
      details: { path, systemCode: 'ENOENT' },
    });
  }
  return new TextDecoder().decode(bytes);
}

/**
 * Makes `path` a folder that only this user may enter, and returns it; parents are made as needed.
 * @throws DaemonError `path-unwritable` when it cannot be made, entered or narrowed.
 */
export async function ensurePrivateDir(path: string): Promise<string> {
  try {
    const made = await mkdir(path, { recursive: true, mode: 0o700 });
    const facts = await stat(path);
    if (!facts.isDirectory())
      throw new DaemonError('path-unwritable', `${path} is not a folder`, { details: { path } });
    if ((facts.mode & 0o077) !== 0) await chmod(path, 0o700);
    if (made !== undefined) await syncFolder(dirname(made));
    return path;
  } catch (error) {
    throw fromSystem(error, 'path-unwritable', path);
  }
}

const defaultMaxBytes = 64 * 2 ** 20;

let temporaryCount = 0;

/** A name beside `path` that no other write of this machine uses; it starts with a dot. */
export function temporaryName(path: string): string {
  temporaryCount += 1;
  return join(dirname(path), `.${basename(path)}.${process.pid}.${temporaryCount}.tmp`);
}
