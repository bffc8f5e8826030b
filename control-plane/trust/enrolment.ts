// How a machine becomes a site: begin (spends a join token), collect (after approval), renew (for ever after).
// Laws: a token enrols one device key, once, and a lost answer costs nothing; a leaf is issued to the device key that
// asks, never to a token; a withdrawn site gets nothing. Called by the enrolment service; approval is in approval.ts.
import type { Clock } from '../../daemon/clock.ts';
import type { Random } from '../../daemon/random.ts';
import { capability, oldestCapability } from '../../proto/capability.ts';
import { verifyEnrolment } from '../../proto/enrolment.ts';
import { digestOf } from '../../proto/envelope.ts';
import { fingerprintOf } from '../../proto/fingerprint.ts';
import type { DeviceRow } from '../store/devices.ts';
import type { EnrolmentRow } from '../store/enrolments.ts';
import type { Store } from '../store/store.ts';
import { type Authority, siteLeafLifeMs } from './authority.ts';
import { requestedKey } from './certificate.ts';
import { type Outcome, refused } from './outcome.ts';
import { hashOf } from './secret.ts';

export interface EnrolmentDeps {
  readonly store: Store;
  readonly authority: Authority;
  readonly clock: Clock;
  readonly random: Random;
}

export interface BeginRequest {
  readonly siteId: string;
  readonly token: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly deviceKey: Uint8Array;
  /** PKCS #10, DER. */
  readonly csr: Uint8Array;
  readonly signature: Uint8Array;
  readonly capability: number;
}

export interface Enrolment {
  begin(
    request: BeginRequest,
  ): Promise<Outcome<{ readonly requestId: string; readonly fingerprint: string }>>;
  /** `leaf` is DER, and there only when approved. */
  collect(request: {
    readonly siteId: string;
    readonly requestId: string;
    readonly signature: Uint8Array;
  }): Promise<Outcome<{ readonly state: EnrolmentRow['state']; readonly leaf?: Uint8Array }>>;
  renew(request: {
    readonly siteId: string;
    readonly csr: Uint8Array;
    readonly signature: Uint8Array;
  }): Promise<Outcome<{ readonly leaf: Uint8Array }>>;
}

export function createEnrolment(deps: EnrolmentDeps): Enrolment {
  return {
    begin: (request) => begin(deps, request),
    collect: (request) => collect(deps, request),
    renew: (request) => renew(deps, request),
  };
}

async function begin(deps: EnrolmentDeps, request: BeginRequest): ReturnType<Enrolment['begin']> {
  const { siteId, deviceKey, csr, signature } = request;
  if (request.capability < oldestCapability || request.capability > capability)
    return refused('CAPABILITY_UNSUPPORTED');
  const tokenHash = hashOf(request.token);
  if (deps.store.joinTokens.find(tokenHash)?.siteId !== siteId) return refused('TOKEN_UNKNOWN');
  if (!verifyEnrolment(deviceKey, { purpose: 'begin', siteId, subject: csr }, signature))
    return refused('DEVICE_SIGNATURE_INVALID');
  if ((await requestedKey(csr)) === undefined) return refused('CSR_INVALID');
  const { store } = deps;
  return store.transaction(() => spend(deps, request, tokenHash));
}

function spend({ store, clock, random }: EnrolmentDeps, request: BeginRequest, tokenHash: string) {
  const { siteId, deviceKey, csr } = request;
  const nowMs = clock.now();
  const earlier = store.enrolments.findByToken(tokenHash);
  if (earlier !== undefined) {
    const same = equal(earlier.deviceKey, deviceKey) && equal(earlier.csr, csr);
    return same
      ? { ok: true as const, requestId: earlier.id, fingerprint: earlier.fingerprint }
      : refused('TOKEN_USED');
  }
  if (nowMs > (store.joinTokens.find(tokenHash)?.expiresAtMs ?? 0)) return refused('TOKEN_EXPIRED');
  if (store.sites.find(siteId)?.revokedAtMs !== null) return refused('SITE_REVOKED');
  const requestId = random.uuid7();
  const fingerprint = fingerprintOf(deviceKey);
  store.joinTokens.use(tokenHash, nowMs);
  store.enrolments.add({ id: requestId, siteId, tokenHash, deviceKey, csr, fingerprint, createdAtMs: nowMs });
  audit({ store, clock }, siteId, 'enrolment.begin', digestOf(deviceKey));
  return { ok: true as const, requestId, fingerprint };
}

async function collect(
  deps: EnrolmentDeps,
  request: Parameters<Enrolment['collect']>[0],
): ReturnType<Enrolment['collect']> {
  const { siteId, requestId, signature } = request;
  const { store } = deps;
  const enrolment = store.enrolments.find(requestId);
  if (enrolment?.siteId !== siteId) return refused('ENROLMENT_UNKNOWN');
  const signed = verifyEnrolment(
    enrolment.deviceKey,
    { purpose: 'collect', siteId, subject: requestId },
    signature,
  );
  if (!signed) return refused('DEVICE_SIGNATURE_INVALID');
  if (enrolment.state !== 'approved') return { ok: true, state: enrolment.state };
  const device = store.devices.findByEnrolment(requestId);
  if (device === undefined || device.agent !== store.devices.current(siteId)?.agent)
    return refused('SITE_REVOKED');
  const issued = await leafFor(deps, device, enrolment.csr);
  return issued.ok ? { ...issued, state: 'approved' } : issued;
}

async function renew(
  deps: EnrolmentDeps,
  request: Parameters<Enrolment['renew']>[0],
): ReturnType<Enrolment['renew']> {
  const { siteId, csr, signature } = request;
  const device = deps.store.devices.current(siteId);
  const signed =
    device !== undefined &&
    verifyEnrolment(device.deviceKey, { purpose: 'renew', siteId, subject: csr }, signature);
  return signed ? leafFor(deps, device, csr) : refused('DEVICE_SIGNATURE_INVALID');
}

/** The same request gets the same leaf while that is fresh, so that asking twice issues once. */
async function leafFor(
  deps: EnrolmentDeps,
  device: DeviceRow,
  csr: Uint8Array,
): Promise<Outcome<{ readonly leaf: Uint8Array }>> {
  const { store, clock, authority } = deps;
  const { siteId, agent } = device;
  const csrDigest = digestOf(csr);
  if (store.sites.find(siteId)?.revokedAtMs !== null) return refused('SITE_REVOKED');
  const known = store.devices.leafFor(device, csrDigest);
  if (known !== undefined && known.notAfterMs - clock.now() > siteLeafLifeMs / 2)
    return { ok: true, leaf: known.der };
  const leaf = await authority.issueSiteLeaf({ csr, siteId, agent });
  if (leaf === undefined) return refused('CSR_INVALID');
  return store.transaction(() => {
    // Somebody may have withdrawn the site while the leaf was being signed.
    if (store.sites.find(siteId)?.revokedAtMs !== null) return refused('SITE_REVOKED');
    store.devices.addLeaf({ ...leaf, siteId, agent, csrDigest });
    audit(deps, siteId, 'leaf.issue', leaf.fingerprint);
    return { ok: true, leaf: leaf.der };
  });
}

function audit(
  { store, clock }: Pick<EnrolmentDeps, 'store' | 'clock'>,
  siteId: string,
  what: string,
  digest: string,
): void {
  store.audit.append({ atMs: clock.now(), who: `site ${siteId}`, what, subject: siteId, why: null, digest });
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
