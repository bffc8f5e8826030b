// The next document of a site: its place in the chain, and what is refused before anything is signed.

import test from 'ava';
import fc from 'fast-check';
import { type DesiredRequest, nextDesired } from '../../../control-plane/fleet/next-desired.ts';
import { parseDesired } from '../../../proto/document.ts';
import { bytesOf, clusterUid, makeRelease, parameter, siteId } from '../../support/documents.ts';

const made = makeRelease([], {
  parameters: [
    parameter('motto', { default: 'quiet', maxLength: 10 }),
    parameter('count', { type: 'integer', minimum: 1, maximum: 9 }),
  ],
});
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

function request(changes: Partial<DesiredRequest> = {}): DesiredRequest {
  return {
    siteId,
    clusterUid: null,
    epoch: 1,
    previous: null,
    release: made.release,
    releaseDigest: made.digest,
    parameters: { count: 3 },
    issuedAt: '2026-11-23T10:00:00.000Z',
    notAfter: '2027-05-22T10:00:00.000Z',
    ...changes,
  };
}

test('the first document names no other', (t) => {
  const next = nextDesired(request({ clusterUid }));
  t.true(next.ok);
  if (!next.ok) return;
  t.like(next.desired, { epoch: 1, generation: 1, previous: null, clusterUid, parameters: { count: 3 } });
  t.deepEqual(parseDesired(bytesOf(next.desired as never)), next.desired, 'it has the form that sites read');
});

test('a chain of any length: generations rise by one, each names the one before, epochs never fall', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(2), { maxLength: 20 }), (rises) => {
      let previous: DesiredRequest['previous'] = null;
      let epoch = 1;
      for (const [index, rise] of rises.entries()) {
        epoch += rise;
        const next = nextDesired(request({ previous, epoch }));
        if (!next.ok) return false;
        if (next.desired.generation !== index + 1 || next.desired.epoch !== epoch) return false;
        if (next.desired.previous !== (previous?.digest ?? null)) return false;
        previous = { epoch, generation: index + 1, digest: digest(String(index % 10)) };
      }
      return true;
    }),
  );
  t.pass();
});

const refused = test.macro({
  exec(t, changes: Partial<DesiredRequest>, code: string) {
    t.like(nextDesired(request(changes)), { ok: false, code });
  },
  title: (name = '', _changes, code) => `${code}: ${name}`,
});

test('a value of the wrong type', refused, { parameters: { count: 'three' } }, 'PARAMETER_REFUSED');
test('a value out of range', refused, { parameters: { count: 10 } }, 'PARAMETER_REFUSED');
test(
  'a name that the release does not declare',
  refused,
  { parameters: { count: 1, colour: 'red' } },
  'PARAMETER_UNKNOWN',
);
test('no value where there is no default', refused, { parameters: {} }, 'PARAMETER_WITHOUT_VALUE');
test(
  'an epoch below the last',
  refused,
  { previous: { epoch: 2, generation: 4, digest: digest('a') } },
  'EPOCH_LOWER',
);
test(
  'no generation left',
  refused,
  { previous: { epoch: 1, generation: 2 ** 32 - 1, digest: digest('a') } },
  'GENERATION_LOWER',
);
