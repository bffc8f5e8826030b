// The site CA: one long-lived P-256 key that names sites and our own listeners. Sites pin the digest of its certificate.
// Invariants: the key is a 0600 file and never leaves this process; a site's leaf lives 7 days and carries
// spiffe://<domain>/site/<id>/agent/<n>. Opened by run.ts; leaves are issued by enrolment.ts and the listeners' task.
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { X509Certificate } from '@peculiar/x509';
import { readText, writeFileAtomic } from '../../daemon/atomic-file.ts';
import type { Clock } from '../../daemon/clock.ts';
import { digestOf } from '../../proto/envelope.ts';
import { caCertificate, readCertificate, requestedKey, serverLeaf, siteLeaf } from './certificate.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A site's clock may be this much behind ours and still see its new leaf as valid. */
const backdateMs = hourMs;
const caLifeMs = 20 * 365 * dayMs;
export const siteLeafLifeMs = 7 * dayMs;
export const serverLeafLifeMs = 30 * dayMs;

/** A leaf as it is stored and sent. `fingerprint` is the digest of its DER. */
export interface SiteLeaf {
  readonly der: Uint8Array;
  readonly serial: string;
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Certificate chain (leaf, then CA) and key of our listeners, PEM. */
export interface ServerIdentity {
  readonly chain: string;
  readonly key: string;
  readonly issuedAtMs: number;
  readonly notAfterMs: number;
}

export interface Authority {
  readonly caPem: string;
  /** What a join file pins. */
  readonly caDigest: string;
  /** Undefined when the request is not a valid one for a P-256 key. */
  issueSiteLeaf(request: {
    readonly csr: Uint8Array;
    readonly siteId: string;
    readonly agent: number;
  }): Promise<SiteLeaf | undefined>;
  /** A fresh key and leaf for localhost and the given hosts. */
  issueServerIdentity(hosts: readonly string[]): Promise<ServerIdentity>;
}

const keyFile = 'ca-key.pem';
const certificateFile = 'ca.pem';

/** Makes a new CA in a folder. */
export async function createAuthority(folder: string, clock: Clock): Promise<void> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const nowMs = clock.now();
  const certificate = await caCertificate('TRE Fleet site CA', keys, {
    notBeforeMs: nowMs - backdateMs,
    notAfterMs: nowMs + caLifeMs,
  });
  await writeFileAtomic(join(folder, keyFile), keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFileAtomic(join(folder, certificateFile), `${certificate.toString('pem')}\n`, { mode: 0o644 });
}

/** Opens the CA of a folder. Throws DaemonError when a file is missing. */
export async function openAuthority(
  folder: string,
  options: { readonly clock: Clock; readonly domain: string },
): Promise<Authority> {
  const key = createPrivateKey(await readText(join(folder, keyFile)));
  const certificate = readCertificate(await readText(join(folder, certificateFile)));
  const caPem = `${certificate.toString('pem')}\n`;
  return {
    caPem,
    caDigest: digestOf(new Uint8Array(certificate.rawData)),
    issueSiteLeaf: (request) => issueSiteLeaf({ certificate, key }, options, request),
    issueServerIdentity: (hosts) => issueServerIdentity({ certificate, key, caPem }, options.clock, hosts),
  };
}

async function issueSiteLeaf(
  issuer: { certificate: X509Certificate; key: KeyObject },
  { clock, domain }: { clock: Clock; domain: string },
  request: { csr: Uint8Array; siteId: string; agent: number },
): Promise<SiteLeaf | undefined> {
  const publicKey = await requestedKey(request.csr);
  if (publicKey === undefined) return undefined;
  const nowMs = wholeSeconds(clock.now());
  const validity = { notBeforeMs: nowMs - backdateMs, notAfterMs: nowMs + siteLeafLifeMs };
  const uri = `spiffe://${domain}/site/${request.siteId}/agent/${request.agent}`;
  const leaf = await siteLeaf(issuer, publicKey, { ...validity, uri, commonName: request.siteId });
  const der = new Uint8Array(leaf.rawData);
  return { der, serial: leaf.serialNumber, fingerprint: digestOf(der), ...validity };
}

async function issueServerIdentity(
  issuer: { certificate: X509Certificate; key: KeyObject; caPem: string },
  clock: Clock,
  hosts: readonly string[],
): Promise<ServerIdentity> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const nowMs = wholeSeconds(clock.now());
  const notAfterMs = nowMs + serverLeafLifeMs;
  const names = [...new Set(['localhost', '127.0.0.1', '::1', ...hosts])];
  const leaf = await serverLeaf(issuer, keys.publicKey, {
    notBeforeMs: nowMs - backdateMs,
    notAfterMs,
    hosts: names,
  });
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  // The CA goes along, so that a site that knows only its digest can check the chain.
  return { chain: `${leaf.toString('pem')}\n${issuer.caPem}`, key, issuedAtMs: nowMs, notAfterMs };
}

/** Certificates know no milliseconds; what we store must be what they say. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
