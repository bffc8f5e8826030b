// Certificates and keys from files, checked before anything listens or dials with them: parsable, key and
// certificate belong together, issued by the given authority. Expiry is a fact for the caller to judge,
// not an error, for a process may start only to renew. Called by whatever opens a TLS connection.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { readText } from './atomic-file.ts';
import { type Digest, digestOf } from './content-files.ts';
import { DaemonError } from './errors.ts';

export interface CertificateFacts {
  /** `sha256:` and the hex digest of the DER bytes. */
  readonly fingerprint: Digest;
  readonly subject: string;
  /** As OpenSSL prints them, such as `URI:spiffe://...` and `DNS:host`; empty when there are none. */
  readonly alternativeNames: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isAuthority: boolean;
}

export interface TlsIdentity {
  /** PEM, as node:tls takes it. */
  readonly key: string;
  /** PEM, the leaf first. */
  readonly cert: string;
  readonly leaf: CertificateFacts;
}

/** @throws DaemonError `path-unreadable`, `tls-invalid` naming the file */
export async function readIdentity(certFile: string, keyFile: string): Promise<TlsIdentity> {
  const [cert, key] = await Promise.all([readText(certFile), readText(keyFile)]);
  const [leaf] = parseCertificates(cert, certFile);
  if (leaf === undefined) throw new DaemonError('tls-invalid', `${certFile} holds no certificate`);
  if (((await stat(keyFile)).mode & 0o007) !== 0)
    throw new DaemonError('tls-invalid', `${keyFile} is open to every user of this machine`);
  if (!leaf.checkPrivateKey(parseKey(key, keyFile))) {
    throw new DaemonError(
      'tls-invalid',
      `the key in ${keyFile} does not belong to the certificate in ${certFile}`,
    );
  }
  return { key, cert, leaf: factsOf(leaf) };
}

/** The PEM text of a file of authorities, each checked to be one. @throws DaemonError `path-unreadable`, `tls-invalid` */
export async function readAuthorities(file: string): Promise<string> {
  const pem = await readText(file);
  const certificates = parseCertificates(pem, file);
  const other = certificates.find((certificate) => !certificate.ca);
  if (certificates.length === 0) throw new DaemonError('tls-invalid', `${file} holds no certificate`);
  if (other !== undefined)
    throw new DaemonError('tls-invalid', `${file} holds ${other.subject}, which is not an authority`);
  return pem;
}

/** Facts of every certificate in a PEM text, in order. @throws DaemonError `tls-invalid` naming `origin` */
export function certificateFacts(pem: string, origin: string): readonly CertificateFacts[] {
  return parseCertificates(pem, origin).map(factsOf);
}

/** `sha256:` and hex over DER bytes, such as a peer's `raw` certificate. */
export function fingerprint(der: Uint8Array): Digest {
  return digestOf(der);
}

/** True when the first certificate of `pem` was signed by one of `authorities`; dates are not looked at. */
export function isIssuedBy(pem: string, authorities: string): boolean {
  const [leaf] = parseCertificates(pem, 'certificate');
  return (
    leaf !== undefined &&
    parseCertificates(authorities, 'authority').some(
      (ca) => ca.ca && leaf.checkIssued(ca) && leaf.verify(ca.publicKey),
    )
  );
}

const pemBlock = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

function parseCertificates(pem: string, origin: string): readonly X509Certificate[] {
  return (pem.match(pemBlock) ?? []).map((block) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new DaemonError('tls-invalid', `${origin} holds a certificate that cannot be read`, {
        cause: error,
      });
    }
  });
}

function parseKey(pem: string, origin: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause may quote what it read, and this is a secret.
    throw new DaemonError('tls-invalid', `${origin} holds no private key that can be read`);
  }
}

function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    fingerprint: fingerprint(certificate.raw),
    subject: certificate.subject,
    alternativeNames: certificate.subjectAltName?.split(', ') ?? [],
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    isAuthority: certificate.ca,
  };
}
