// Bytes kept in files named by their sha256. Invariants: a name is there only when its bytes were whole
// and durable; reading checks the digest again and drops what does not match; an interrupted arrival
// goes on where it stopped. One process writes to a folder. Called by whatever serves or fetches content.

import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder, temporaryName, writeDurably } from './atomic-file.ts';
import { DaemonError, fromSystem, systemCode } from './errors.ts';

/** `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`;

export interface ContentStore {
  /** Keeps bytes that are at hand; all of them are durable when this resolves. Digests in the same order. */
  put(...contents: readonly Uint8Array[]): Promise<readonly Digest[]>;
  /** True when the content is there; says nothing of its bytes. */
  has(digest: Digest): Promise<boolean>;
  /** When it was put there, ms since 1970 UTC; undefined when it is not there. */
  keptAtMs(digest: Digest): Promise<number | undefined>;
  /** Undefined when it is not there. */
  size(digest: Digest): Promise<number | undefined>;
  /** Checked bytes. @throws DaemonError `content-missing`, `content-mismatch` (it is then deleted) */
  get(digest: Digest): Promise<Uint8Array>;
  /** Bytes from `offset` on, for sending; not checked, for the receiver checks. @throws as `get` when missing */
  read(digest: Digest, offset: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Begins or resumes the arrival of one content of known size; only one at a time per digest. */
  receive(digest: Digest, sizeBytes: number): Promise<Arrival>;
  /** All digests, sorted. */
  list(): Promise<readonly Digest[]>;
  /** Nothing happens when it is not there. */
  delete(digest: Digest): Promise<void>;
  /** Drops what earlier arrivals and killed writes left behind. */
  dropUnfinished(): Promise<void>;
}

/** One content on its way in. Disposing it without `commit` keeps what has arrived for the next time. */
export interface Arrival extends AsyncDisposable {
  /** Bytes that are here already; the sender goes on from there. */
  readonly offset: number;
  /** @throws DaemonError `content-mismatch` when it is more than announced, `disk-full` */
  append(chunk: Uint8Array): Promise<void>;
  /** Checks size and digest and makes it durable. @throws DaemonError `content-mismatch`; all of it is then dropped */
  commit(): Promise<void>;
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** The store in `folder`, which is made when the first content arrives. */
export function contentFiles(folder: string): ContentStore {
  return {
    put: (...contents) => wrapped(folder, 'path-unwritable', () => putAll(folder, contents)),
    has: async (digest) => (await sizeOf(pathOf(folder, digest))) !== undefined,
    keptAtMs: async (digest) => (await factsOf(pathOf(folder, digest)))?.mtimeMs,
    size: (digest) => sizeOf(pathOf(folder, digest)),
    get: (digest) => getChecked(folder, digest),
    read: (digest, offset, signal) => readFrom(pathOf(folder, digest), offset, signal),
    receive: (digest, sizeBytes) =>
      wrapped(folder, 'path-unwritable', () => receive(folder, digest, sizeBytes)),
    list: () => list(folder),
    delete: (digest) => wrapped(folder, 'path-unwritable', () => rm(pathOf(folder, digest), { force: true })),
    dropUnfinished: () =>
      wrapped(folder, 'path-unwritable', () =>
        rm(join(folder, 'arriving'), { recursive: true, force: true }),
      ),
  };
}

// So many files are open at once while a large set is stored.
const writesAtOnce = 16;

function pathOf(folder: string, digest: Digest): string {
  if (!isDigest(digest)) throw new DaemonError('content-missing', `${String(digest)} is not a sha256 digest`);
  const hex = digest.slice('sha256:'.length);
  return join(folder, 'sha256', hex.slice(0, 2), hex);
}

async function putAll(folder: string, contents: readonly Uint8Array[]): Promise<readonly Digest[]> {
  const digests = contents.map(digestOf);
  const pending = new Map(digests.map((digest, index) => [digest, contents[index] ?? new Uint8Array()]));
  const touched = new Set<string>();
  const arriving = join(folder, 'arriving');
  await mkdir(arriving, { recursive: true, mode: 0o700 });
  const work = pending.entries();
  await Promise.all(
    Array.from({ length: writesAtOnce }, async () => {
      for (const [digest, bytes] of work) {
        const path = pathOf(folder, digest);
        // Also for what is there already: it may have been renamed by a process that died before its sync.
        touched.add(dirname(path));
        if ((await sizeOf(path)) === bytes.length) continue;
        await makeShard(dirname(path));
        const temporary = temporaryName(join(arriving, digest.slice('sha256:'.length)));
        await writeDurably(temporary, bytes, 0o600);
        await rename(temporary, path);
      }
    }),
  );
  for (const shard of touched) await syncFolder(shard);
  return digests;
}

async function makeShard(shard: string): Promise<void> {
  const made = await mkdir(shard, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  for (let level = dirname(shard); level.length >= dirname(made).length; level = dirname(level))
    await syncFolder(level);
}

async function getChecked(folder: string, digest: Digest): Promise<Uint8Array> {
  const path = pathOf(folder, digest);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw missingOr(error, digest, path);
  });
  if (digestOf(bytes) === digest) return bytes;
  await rm(path, { force: true });
  throw new DaemonError('content-mismatch', `${path} was damaged and has been deleted`, {
    details: { path },
  });
}

async function* readFrom(path: string, offset: number, signal: AbortSignal): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { start: offset, signal, highWaterMark: 256 * 2 ** 10 }))
      yield chunk as Buffer;
  } catch (error) {
    signal.throwIfAborted();
    throw missingOr(error, path, path);
  }
}

async function receive(folder: string, digest: Digest, sizeBytes: number): Promise<Arrival> {
  const target = pathOf(folder, digest);
  const partial = join(folder, 'arriving', digest.slice('sha256:'.length));
  await mkdir(dirname(partial), { recursive: true, mode: 0o700 });
  if (((await sizeOf(partial)) ?? 0) > sizeBytes) await truncate(partial, 0);
  const file = await open(partial, 'a', 0o600);
  const offset = (await file.stat()).size;
  let arrived = offset;
  return {
    offset,
    append: (chunk) =>
      wrapped(partial, 'path-unwritable', async () => {
        if (arrived + chunk.length > sizeBytes)
          throw await dropped(file, partial, `more than the ${sizeBytes} bytes of ${digest} arrived`);
        await file.appendFile(chunk);
        arrived += chunk.length;
      }),
    commit: () =>
      wrapped(partial, 'path-unwritable', async () => {
        if ((await digestOfFile(partial)) !== digest)
          throw await dropped(file, partial, `what arrived as ${digest} is something else`);
        await file.sync();
        await file.close();
        await makeShard(dirname(target));
        await rename(partial, target);
        await syncFolder(dirname(target));
      }),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function dropped(file: FileHandle, partial: string, message: string): Promise<DaemonError> {
  await file.close();
  await rm(partial, { force: true });
  return new DaemonError('content-mismatch', message);
}

async function digestOfFile(path: string): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

async function list(folder: string): Promise<readonly Digest[]> {
  const entries = await readdir(join(folder, 'sha256'), { recursive: true, withFileTypes: true }).catch(
    (error: unknown) => {
      if (systemCode(error) === 'ENOENT') return [];
      throw fromSystem(error, 'path-unreadable', folder);
    },
  );
  const digests = entries.filter((entry) => entry.isFile()).map((entry) => `sha256:${entry.name}`);
  return digests.filter(isDigest).sort();
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await factsOf(path))?.size;
}

async function factsOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fromSystem(error, 'path-unreadable', path);
  }
}

function missingOr(error: unknown, name: string, path: string): DaemonError {
  if (systemCode(error) !== 'ENOENT') return fromSystem(error, 'path-unreadable', path);
  return new DaemonError('content-missing', `there is no content ${name}`, {
    cause: error,
    details: { path },
  });
}

async function wrapped<T>(subject: string, kind: 'path-unwritable', fn: () => Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (error) {
    throw fromSystem(error, kind, subject);
  }
}
