// What a device key signs when a site asks for its identity, and how that is checked; see tre/v1/enrolment.proto.
// A signature names its purpose and its site, so that none can be used for another request. Both sides use it.
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** What one request is about: the CSR's DER for begin and renew, the request id for collect. */
export interface EnrolmentRequest {
  readonly purpose: 'begin' | 'collect' | 'renew';
  readonly siteId: string;
  readonly subject: Uint8Array | string;
}

/** ECDSA with SHA-256, DER, by the device key (P-256). */
export function signEnrolment(deviceKey: KeyObject, request: EnrolmentRequest): Uint8Array {
  return new Uint8Array(sign('sha256', enrolmentBytes(request), { key: deviceKey, dsaEncoding: 'der' }));
}

/** True when the holder of this device key (SubjectPublicKeyInfo, DER) made this very request. */
export function verifyEnrolment(
  devicePublicKey: Uint8Array,
  request: EnrolmentRequest,
  signature: Uint8Array,
): boolean {
  const key = parseDeviceKey(devicePublicKey);
  return (
    key !== undefined && verify('sha256', enrolmentBytes(request), { key, dsaEncoding: 'der' }, signature)
  );
}

/** The bytes that are signed: "tre-enrol-v1" NUL purpose NUL site id NUL subject. */
export function enrolmentBytes(request: EnrolmentRequest): Buffer {
  const subject =
    typeof request.subject === 'string' ? Buffer.from(request.subject, 'utf8') : request.subject;
  return Buffer.concat([
    Buffer.from(`tre-enrol-v1\0${request.purpose}\0${request.siteId}\0`, 'utf8'),
    subject,
  ]);
}

/** A P-256 public key, or undefined for any other bytes. */
export function parseDeviceKey(der: Uint8Array): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
