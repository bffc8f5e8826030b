// Certificates of the site CA: how each kind looks, and how a request for one is read. The only user of @peculiar/x509.
// Invariants: P-256 everywhere; a site's leaf may only dial, a server's leaf may only answer; nothing that a request
// wishes for (names, extensions) is copied, only its key. Called by authority.ts.
import 'reflect-metadata';
import { type KeyObject, randomBytes, type webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { parseDeviceKey } from '../../proto/enrolment.ts';

/** Who signs. */
export interface Issuer {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** What every certificate has. Times are milliseconds UTC. */
interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
const serialBytes = 16;

/** A CA certificate that signs itself. */
export async function caCertificate(
  commonName: string,
  keys: { publicKey: KeyObject; privateKey: KeyObject },
  validity: Validity,
): Promise<X509Certificate> {
  const publicKey = cryptoKey(keys.publicKey, 'verify');
  const name = [{ CN: [commonName] }];
  return X509CertificateGenerator.create({
    ...common(validity),
    subject: name,
    issuer: name,
    publicKey,
    signingKey: cryptoKey(keys.privateKey, 'sign'),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
}

/** A leaf that names a site by its URI and serves as a client certificate only. */
export function siteLeaf(
  issuer: Issuer,
  publicKey: KeyObject,
  options: Validity & { uri: string; commonName: string },
): Promise<X509Certificate> {
  const names = new SubjectAlternativeNameExtension([{ type: 'url', value: options.uri }]);
  return leaf(issuer, cryptoKey(publicKey, 'verify'), {
    ...options,
    names,
    usage: ExtendedKeyUsage.clientAuth,
  });
}

/** A leaf for our own listeners. `hosts` are DNS names and IP addresses. */
export function serverLeaf(
  issuer: Issuer,
  publicKey: KeyObject,
  options: Validity & { hosts: readonly string[] },
): Promise<X509Certificate> {
  const names = new SubjectAlternativeNameExtension(
    options.hosts.map((host) => ({
      type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const),
      value: host,
    })),
  );
  const usage = ExtendedKeyUsage.serverAuth;
  return leaf(issuer, cryptoKey(publicKey, 'verify'), {
    ...options,
    commonName: 'tre-control-plane',
    names,
    usage,
  });
}

/** The public key of a request (PKCS #10, DER) whose signature is right and whose key is P-256; otherwise undefined. */
export async function requestedKey(csr: Uint8Array): Promise<KeyObject | undefined> {
  try {
    const request = new Pkcs10CertificateRequest(Uint8Array.from(csr));
    const key = parseDeviceKey(new Uint8Array(request.publicKey.rawData));
    return (await request.verify()) ? key : undefined;
  } catch {
    return undefined;
  }
}

/** PEM or DER -> certificate. Throws when it is none. */
export function readCertificate(encoded: string): X509Certificate {
  return new X509Certificate(encoded);
}

function leaf(
  issuer: Issuer,
  publicKey: webcrypto.CryptoKey,
  options: Validity & { commonName: string; names: Extension; usage: ExtendedKeyUsage },
): Promise<X509Certificate> {
  return keyIdentifiers(issuer, publicKey).then((identifiers) =>
    X509CertificateGenerator.create({
      ...common(options),
      subject: [{ CN: [options.commonName] }],
      issuer: issuer.certificate.subjectName,
      publicKey,
      signingKey: cryptoKey(issuer.key, 'sign'),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([options.usage]),
        options.names,
        ...identifiers,
      ],
    }),
  );
}

async function keyIdentifiers(issuer: Issuer, publicKey: webcrypto.CryptoKey): Promise<readonly Extension[]> {
  return [
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey),
  ];
}

function common({ notBeforeMs, notAfterMs }: Validity) {
  const serial = randomBytes(serialBytes);
  // A serial number is a positive integer: the first bit stays 0, and the first byte is never 0.
  serial.writeUInt8((serial.readUInt8() & 0x3f) | 0x40);
  return {
    serialNumber: serial.toString('hex'),
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm,
  };
}

function cryptoKey(key: KeyObject, usage: 'sign' | 'verify'): webcrypto.CryptoKey {
  return key.toCryptoKey(algorithm, usage === 'verify', [usage]);
}
