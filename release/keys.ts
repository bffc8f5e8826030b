// Release keys as files: NAME.key (Ed25519, PKCS8 PEM, mode 0600, never leaves its holder) and NAME.pub (SPKI PEM),
// and the keyset that a site trusts. Existing files are never overwritten. Called by the key commands of trectl and
// by whoever signs.

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { basename, join } from 'node:path';
import type { Files } from '../daemon/files.ts';
import { labelForm } from '../proto/document.ts';
import { type PublicKey, publicKeyOf } from '../proto/envelope.ts';
import { type Keyset, parseKeyset } from '../proto/join-file.ts';
import { ShapeRefused } from '../proto/shape.ts';
import { JsonRefused } from '../proto/strict-json.ts';
import type { PackProblem } from './pack.ts';

type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: PackProblem };

export interface KeyFiles {
  readonly privatePath: string;
  readonly publicPath: string;
  readonly publicKey: PublicKey;
}

const maxKeyFileBytes = 16 * 1024;

/** Makes a key pair in `folder`. */
export async function createKeyFiles(files: Files, folder: string, name: string): Promise<Result<KeyFiles>> {
  if (!labelForm.test(name))
    return refuse(
      'KEY_FILE_INVALID',
      `"${name}" is no name for a key: use lower-case letters, digits and hyphens`,
    );
  const privatePath = join(folder, `${name}.key`);
  const publicPath = join(folder, `${name}.pub`);
  for (const path of [privatePath, publicPath]) {
    if ((await files.stat(path)) !== undefined) return refuse('KEY_FILE_EXISTS', `${path} exists already`);
  }
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await files.mkdir(folder);
  await files.writeAtomic(privatePath, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await files.writeAtomic(publicPath, publicKey.export({ type: 'spki', format: 'pem' }), { mode: 0o644 });
  return { ok: true, value: { privatePath, publicPath, publicKey: publicKeyOf(name, publicKey) } };
}

/** Reads a private key for signing. */
export async function readPrivateKey(files: Files, path: string): Promise<Result<KeyObject>> {
  return readKey(files, path, (pem) => createPrivateKey(pem));
}

/** Reads a public key; its name is the file's. */
export async function readPublicKey(files: Files, path: string): Promise<Result<PublicKey>> {
  const name = basename(path).replace(/\.[^.]*$/, '');
  const read = await readKey(files, path, (pem) => createPublicKey(pem));
  return read.ok ? { ok: true, value: publicKeyOf(name, read.value) } : read;
}

/** A keyset of distinct keys, `threshold` of which must sign. */
export function makeKeyset(keys: readonly PublicKey[], threshold: number): Result<Keyset> {
  const distinct = [...new Map(keys.map((key) => [key.key, key])).values()];
  if (distinct.length < keys.length) return refuse('KEYSET_INVALID', 'the same key is named twice');
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > distinct.length) {
    return refuse('KEYSET_INVALID', `the threshold must be from 1 to ${distinct.length}, the number of keys`);
  }
  return { ok: true, value: { type: 'tre.keyset/v1', version: 1, threshold, keys: distinct } };
}

/** Keyset -> bytes of its file. */
export function encodeKeyset(keyset: Keyset): string {
  return `${JSON.stringify(keyset, undefined, 2)}\n`;
}

/** Reads a keyset file. */
export async function readKeyset(files: Files, path: string): Promise<Result<Keyset>> {
  const bytes = await files.read(path, maxKeyFileBytes);
  if (bytes === undefined) return refuse('FILE_UNREADABLE', `there is no ${path}`);
  try {
    return { ok: true, value: parseKeyset(bytes) };
  } catch (error) {
    if (!(error instanceof JsonRefused) && !(error instanceof ShapeRefused)) throw error;
    return refuse('KEYSET_INVALID', `${path}: ${error.message}`);
  }
}

async function readKey(
  files: Files,
  path: string,
  parse: (pem: Buffer) => KeyObject,
): Promise<Result<KeyObject>> {
  const bytes = await files.read(path, maxKeyFileBytes);
  if (bytes === undefined) return refuse('FILE_UNREADABLE', `there is no ${path}`);
  try {
    const key = parse(Buffer.from(bytes));
    if (key.asymmetricKeyType === 'ed25519') return { ok: true, value: key };
  } catch {
    // OpenSSL's words would not help anybody; the sentence below does.
  }
  return refuse('KEY_FILE_INVALID', `${path} is no Ed25519 key in PEM`);
}

function refuse(
  code: PackProblem['code'],
  detail: string,
): { readonly ok: false; readonly problem: PackProblem } {
  return { ok: false, problem: { code, detail } };
}
