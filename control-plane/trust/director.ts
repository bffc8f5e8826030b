// The director key: Ed25519, signs what each site shall run. Sites know its public half from their join file.
// It chooses among releases that others signed; it can make no release acceptable. The key is a 0600 file and never
// leaves this process. Called when a document is issued.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { readText, writeFileAtomic } from '../../daemon/atomic-file.ts';
import { canonicalBytes } from '../../proto/canonical.ts';
import type { Desired } from '../../proto/document.ts';
import {
  digestOf,
  encodeEnvelope,
  type PublicKey,
  payloadTypes,
  publicKeyOf,
  signPayload,
} from '../../proto/envelope.ts';
import type { JsonObject } from '../../proto/strict-json.ts';

/** A signed document: the envelope that travels, and the digest by which the next document names this one. */
export interface SignedDesired {
  readonly envelope: Uint8Array;
  readonly payloadDigest: string;
  readonly payloadBytes: number;
}

export interface Director {
  readonly publicKey: PublicKey;
  /** Signs a document; whether it is sensible was decided before (fleet/next-desired.ts). */
  sign(desired: Desired): SignedDesired;
}

const keyFile = 'director-key.pem';

/** Makes a new director key in a folder. */
export async function createDirector(folder: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFileAtomic(join(folder, keyFile), privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** Opens the director key of a folder. Throws DaemonError when the file is missing. */
export async function openDirector(folder: string): Promise<Director> {
  const key = createPrivateKey(await readText(join(folder, keyFile)));
  return {
    publicKey: publicKeyOf('director', key),
    sign(desired) {
      const written = canonicalBytes(plain(desired));
      // Every text in it was checked by a form or a parameter's declaration, so this is a mistake of ours.
      if (!written.ok)
        throw new TypeError(
          `a desired document that cannot be written: ${written.reason} at ${written.pointer}`,
        );
      const payload = written.bytes;
      const signatures = [signPayload(key, payloadTypes.desired, payload)];
      return {
        envelope: encodeEnvelope({ payloadType: payloadTypes.desired, payload, signatures }),
        payloadDigest: digestOf(payload),
        payloadBytes: payload.byteLength,
      };
    },
  };
}

function plain(desired: Desired): JsonObject {
  return { ...desired, release: { ...desired.release }, parameters: { ...desired.parameters } };
}
