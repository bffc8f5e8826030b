// Signing a pack and judging its signatures against a keyset. The signature covers the manifest, which names every
// object by digest; a pack with damaged objects is never signed. The same key counts once. Called by the release
// commands of trectl; a site judges again by itself.

import type { KeyObject } from 'node:crypto';
import type { Files } from '../daemon/files.ts';
import { type DetachedSignatures, payloadTypes, signPayload, verifiedSigners } from '../proto/envelope.ts';
import type { Keyset } from '../proto/join-file.ts';
import { findDamage, type Pack, type PackProblem, writeSignatures } from './pack.ts';

export type SignResult =
  | { readonly ok: true; readonly signatures: DetachedSignatures }
  | { readonly ok: false; readonly problems: readonly PackProblem[] };

/** Adds the signature of one key to a pack on disk, in the place of an older one of the same key. */
export async function signPack(files: Files, pack: Pack, key: KeyObject): Promise<SignResult> {
  const damage = await findDamage(files, pack);
  if (damage.length > 0) return { ok: false, problems: damage };
  const signature = signPayload(key, payloadTypes.release, pack.manifest);
  const others = pack.signatures.signatures.filter((one) => one.keyid !== signature.keyid);
  const signatures = {
    ...pack.signatures,
    signatures: [...others, signature].toSorted((a, b) => (a.keyid < b.keyid ? -1 : 1)),
  };
  await writeSignatures(files, pack.folder, signatures);
  return { ok: true, signatures };
}

export interface Verdict {
  /** Names of the keys of the keyset that signed. */
  readonly signers: readonly string[];
  readonly problems: readonly PackProblem[];
}

/** Is every object what the manifest says, and did enough keys of the keyset sign it? */
export async function verifyPack(files: Files, pack: Pack, keyset: Keyset): Promise<Verdict> {
  const problems = [...(await findDamage(files, pack))];
  const { payloadType, signatures } = pack.signatures;
  const signers = verifiedSigners(keyset.keys, { payloadType, payload: pack.manifest, signatures });
  if (signers.length < keyset.threshold) {
    const detail = `${signers.length} of the ${keyset.threshold} signatures that the keyset asks for are there`;
    problems.push({ code: 'RELEASE_UNDER_SIGNED', detail });
  }
  return { signers, problems };
}
