// What a device key signs: bound to purpose, site and subject, and only P-256 keys count.

import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import {
  type EnrolmentRequest,
  enrolmentBytes,
  parseDeviceKey,
  signEnrolment,
  verifyEnrolment,
} from '../../proto/enrolment.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const spki = pair.publicKey.export({ type: 'spki', format: 'der' });
const request: EnrolmentRequest = { purpose: 'begin', siteId: 'site-1', subject: new Uint8Array([1, 2]) };

test('the bytes are as the contract says', (t) => {
  t.is(enrolmentBytes(request).toString('latin1'), 'tre-enrol-v1\0begin\0site-1\0\x01\x02');
  t.is(
    enrolmentBytes({ ...request, purpose: 'collect', subject: 'id' }).toString('latin1'),
    'tre-enrol-v1\0collect\0site-1\0id',
  );
});

test('a signature counts for its own request only', (t) => {
  const signature = signEnrolment(pair.privateKey, request);
  t.true(verifyEnrolment(spki, request, signature));
  t.false(verifyEnrolment(spki, { ...request, purpose: 'renew' }, signature));
  t.false(verifyEnrolment(spki, { ...request, siteId: 'site-2' }, signature));
  t.false(verifyEnrolment(spki, { ...request, subject: new Uint8Array([1, 3]) }, signature));
  t.false(verifyEnrolment(spki, request, new Uint8Array(70)));
  t.false(verifyEnrolment(spki, request, new Uint8Array()));
});

const other = (type: 'ed25519') =>
  generateKeyPairSync(type).publicKey.export({ type: 'spki', format: 'der' });

test('other keys are none', (t) => {
  t.truthy(parseDeviceKey(spki));
  t.is(parseDeviceKey(other('ed25519')), undefined);
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({
    type: 'spki',
    format: 'der',
  });
  t.is(parseDeviceKey(p384), undefined);
  t.is(parseDeviceKey(new Uint8Array([0x30, 0x03])), undefined);
});
