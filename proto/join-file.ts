// The two files in which trust reaches a site: the keyset (whose signatures a release needs) and the join file
// (keyset, director key, address and CA of the control plane, one join token). The author's trectl writes the join file;
// the control plane never sees or hands out a keyset. Parsed by the agent at its first start and by trectl.
import { digestForm, labelForm, uuidForm } from './document.ts';
import { keyIdOf, type PublicKey } from './envelope.ts';
import { integer, list, oneOf, ShapeRefused, struct, text } from './shape.ts';
import { readJson } from './strict-json.ts';

/** The keys that may sign releases, and how many of them must. */
export interface Keyset {
  readonly type: 'tre.keyset/v1';
  readonly version: number;
  readonly threshold: number;
  readonly keys: readonly PublicKey[];
}

/** Everything a machine needs to become a site. Secret because of the token: file mode 0600. */
export interface JoinFile {
  readonly type: 'tre.join/v1';
  readonly siteId: string;
  readonly siteName: string;
  /** `host:port` of the agents' listener. */
  readonly address: string;
  /** sha256:<hex> of the DER of the CA certificate. */
  readonly caDigest: string;
  readonly token: string;
  readonly director: PublicKey;
  readonly keyset: Keyset;
}

const publicKey = struct<PublicKey>({
  name: text({ maxLength: 63 }),
  key: text({ form: /^[A-Za-z0-9+/]{43}=$/, what: 'an Ed25519 key in base64' }),
});

const keysetShape = struct<Keyset>({
  type: oneOf('tre.keyset/v1'),
  version: integer(1, 2 ** 31),
  threshold: integer(1, 32),
  keys: list(publicKey, 32),
});

const joinShape = struct<JoinFile>({
  type: oneOf('tre.join/v1'),
  siteId: text({ form: uuidForm, what: 'a UUID' }),
  siteName: text({ form: labelForm, what: 'a DNS label' }),
  address: text({
    maxLength: 300,
    form: /^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/,
    what: 'host:port',
  }),
  caDigest: text({ form: digestForm, what: 'a digest sha256:<hex>' }),
  token: text({ maxLength: 256 }),
  director: publicKey,
  keyset: keysetShape,
});

/** Bytes -> keyset. Throws JsonRefused or ShapeRefused, also when the threshold is more than the distinct keys. */
export function parseKeyset(bytes: Uint8Array): Keyset {
  return reachable(keysetShape(readJson(bytes), ''));
}

/** Bytes -> join file. Throws JsonRefused or ShapeRefused. */
export function parseJoinFile(bytes: Uint8Array): JoinFile {
  const file = joinShape(readJson(bytes), '');
  reachable(file.keyset);
  return file;
}

function reachable(keyset: Keyset): Keyset {
  const distinct = new Set(keyset.keys.map(keyIdOf)).size;
  if (keyset.threshold > distinct)
    throw new ShapeRefused('/threshold', `at most ${distinct}, the number of distinct keys`);
  return keyset;
}
