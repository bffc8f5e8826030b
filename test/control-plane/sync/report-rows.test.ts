// What a site says, turned into our own types: facts from closed lists pass, everything else stays on site.

import { create, toBinary } from '@bufbuild/protobuf';
import test from 'ava';
import fc from 'fast-check';
import { readRow } from '../../../control-plane/sync/report-rows.ts';
import { ReportBodySchema, ReportRowSchema } from '../../../proto/gen/tre/v1/sync_pb.ts';
import { bootId } from '../../support/agent-client.ts';

type Init = Parameters<typeof create<typeof ReportBodySchema>>[1];

function read(body: Init, sequence = 1n, boot = bootId) {
  const bytes = toBinary(ReportBodySchema, create(ReportBodySchema, body));
  return readRow(create(ReportRowSchema, { bootId: boot, sequence, body: bytes }));
}

const digest = `sha256:${'a'.repeat(64)}`;

test('a state keeps what comes from closed lists', (t) => {
  const value = {
    observedAtMs: 5n,
    epoch: 1,
    generation: 2,
    applied: true,
    objectsWanted: 3,
    objectsApplied: 3,
    kubernetesVersion: 'v1.36.0',
    releases: { offered: digest, running: 'not a digest' },
    conditions: [
      { code: 'Drifted', sinceMs: 4n, count: 2 },
      { code: 'Ward7IsFull', sinceMs: 4n, count: 1 },
    ],
    objects: [
      { releaseDigest: digest, index: 7, code: 'OBJECT_REFUSED' },
      { index: 8, code: 'WaitingForNamespace' },
      { index: 9, code: 'patient Smith' },
    ],
  };
  const content = read({ body: { case: 'state', value } })?.content;
  t.deepEqual(content as unknown, {
    kind: 'state',
    state: {
      observedAtMs: 5,
      epoch: 1,
      generation: 2,
      applied: true,
      drifted: false,
      releases: { offered: digest, running: null, lastHealthy: null, quarantined: null },
      conditions: [{ code: 'Drifted', sinceMs: 4, count: 2 }],
      objects: [
        { releaseDigest: digest, index: 7, code: 'OBJECT_REFUSED' },
        { releaseDigest: '', index: 8, code: 'WaitingForNamespace' },
      ],
      objectsWanted: 3,
      objectsApplied: 3,
      kubernetesVersion: 'v1.36.0',
      healthy: false,
      healthObservedAtMs: 0,
      health: [],
      components: [],
      hold: null,
      isolation: null,
    },
  });
});

test('free text has no way in', (t) => {
  const value = { kubernetesVersion: 'v1 on host ward7.example' };
  t.like(read({ body: { case: 'state', value } }), { content: { state: { kubernetesVersion: '' } } });
  t.like(read({ body: { case: 'refusal', value: { code: 'because' } } }), { content: { kind: 'unknown' } });
});

test('a row without a proper key is refused, any body with one is not', (t) => {
  t.is(read({}, 0n), undefined);
  t.is(read({}, 2n ** 53n), undefined);
  t.is(read({}, 1n, 'boot'), undefined);
  t.like(read({}, 2n ** 53n - 1n), { sequence: Number.MAX_SAFE_INTEGER, content: { kind: 'unknown' } });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      (body) => readRow(create(ReportRowSchema, { bootId, sequence: 1n, body })) !== undefined,
    ),
  );
});

test('a time beyond all calendars becomes one that can be written', (t) => {
  const timeOf = (observedAtMs: bigint) => {
    const content = read({ body: { case: 'state', value: { observedAtMs } } })?.content;
    return content?.kind === 'state' ? content.state.observedAtMs : Number.NaN;
  };
  for (const ms of [2n ** 63n - 1n, -(2n ** 63n), 8_640_000_000_000_001n])
    t.notThrows(() => new Date(timeOf(ms)).toISOString());
  t.is(timeOf(1_790_000_000_000n), 1_790_000_000_000);
});

test('what one state can hold is bounded, and each condition counts once', (t) => {
  const many = <Fact>(fact: Fact) => Array.from({ length: 5_000 }, () => fact);
  const value = {
    conditions: many({ code: 'Drifted', sinceMs: 4n, count: 2 }),
    objects: many({ index: 7, code: 'OBJECT_REFUSED' }),
    health: many({ index: 7, reason: 'JobFailed', sinceMs: 4n }),
    components: many({ index: 1 }),
  };
  const content = read({ body: { case: 'state', value } })?.content;
  if (content?.kind !== 'state') return t.fail();
  const { conditions, objects, health, components } = content.state;
  t.deepEqual(
    [conditions, objects, health, components].map((facts) => facts.length),
    [1, 1_000, 1_000, 1_000],
  );
});
