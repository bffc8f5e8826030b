// The machine's private keys and its certificate: three files, mode 0600, in a private folder.
// Invariants: the device key is written once and never replaced; a certificate lies in one file with its key, so that
// the two always fit; nothing here is logged or sent. Used by agent/intake only.
import { join } from 'node:path';
import type { Files } from '../../daemon/files.ts';

export interface KeyFiles {
  /** PKCS #8, PEM. Undefined before the first start. */
  readonly device: () => Promise<string | undefined>;
  /** Throws when there is one already. */
  readonly writeDevice: (pem: string) => Promise<void>;
  /** Key and certificate, PEM, one after the other. */
  readonly leaf: () => Promise<string | undefined>;
  readonly writeLeaf: (pem: string) => Promise<void>;
  /** The key of a certificate that was asked for and is not here yet, PEM. */
  readonly next: () => Promise<string | undefined>;
  readonly writeNext: (pem: string) => Promise<void>;
}

/** The key files in a folder. */
export function keyFiles(folder: string, files: Files): KeyFiles {
  const path = (name: string) => join(folder, name);
  const read = async (name: string) => {
    const bytes = await files.read(path(name));
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  const write = async (name: string, pem: string) => {
    await files.mkdir(folder);
    await files.writeAtomic(path(name), pem, { mode: 0o600 });
  };
  return {
    device: () => read('device-key.pem'),
    writeDevice: async (pem) => {
      if ((await read('device-key.pem')) !== undefined) throw new Error('the device key is never replaced');
      await write('device-key.pem', pem);
    },
    leaf: () => read('leaf.pem'),
    writeLeaf: (pem) => write('leaf.pem', pem),
    next: () => read('next-key.pem'),
    writeNext: (pem) => write('next-key.pem', pem),
  };
}
