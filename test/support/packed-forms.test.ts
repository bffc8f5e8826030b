// A search that finds nothing proves something only if it would find: texts are hidden in random bytes, packed and not.
import test from 'ava';
import fc from 'fast-check';
import { foundIn } from './packed-forms.ts';

const secret = 'icu-ws-007.ward.example-hospital.test';
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const around = (pack: (raw: Buffer) => Buffer | string) =>
  fc.property(bytes, bytes, (before, after) => {
    const packed = Buffer.from(pack(Buffer.concat([before, Buffer.from(secret), after])));
    return foundIn(Buffer.concat([before, packed, after]), ['nowhere', secret]).join() === secret;
  });

test('a text is found as it stands, in hexadecimal digits and in base64, wherever it stood', (t) => {
  t.notThrows(() => fc.assert(around((raw) => raw)));
  t.notThrows(() => fc.assert(around((raw) => raw.toString('hex'))));
  t.notThrows(() => fc.assert(around((raw) => raw.toString('base64'))));
});

test('a text is found in UTF-16', (t) => {
  t.deepEqual(foundIn(Buffer.from(`at ${secret}.`, 'utf16le'), [secret]), [secret]);
});

test('a text that is not there is not found', (t) => {
  t.deepEqual(foundIn(Buffer.from(`${secret.slice(1)} ${secret.slice(0, -1)}`), [secret]), []);
});
