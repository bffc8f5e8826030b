// The state machine as a table: every state with every event that it can meet, and the waits that follow.
import test from 'ava';
import fc from 'fast-check';
import {
  type Circumstances,
  firstState,
  next,
  type SessionEvent,
  type SessionState,
} from '../../../agent/intake/session.ts';
import { defaultBackoffPolicy, noFailures } from '../../../daemon/backoff.ts';

const now: Circumstances = { nowMs: 1_000_000, uniform: 0.5, policy: defaultBackoffPolicy };
const backoff = noFailures;
const failed = (
  code: 'CONTROL_PLANE_UNREACHABLE' | 'TOKEN_USED' | 'SITE_REVOKED' | 'CA_MISMATCH',
  hasIdentity: boolean,
): SessionEvent => ({ kind: 'failed', code, hasIdentity });
const waiting: SessionState = { kind: 'backing-off', backoff, untilMs: 5, code: null };
const offline: SessionState = { kind: 'offline', code: 'TOKEN_USED' };

const table: readonly (readonly [string, SessionState, SessionEvent, Partial<SessionState>])[] = [
  ['an agent begins by looking after its certificate', firstState, { kind: 'waited' }, { kind: 'enrolling' }],
  [
    'with a certificate it connects',
    { kind: 'enrolling', backoff },
    { kind: 'enrolled' },
    { kind: 'connecting' },
  ],
  [
    'a request that is not decided is asked for again soon',
    { kind: 'enrolling', backoff },
    { kind: 'pending' },
    { kind: 'backing-off', untilMs: 1_003_000, code: null },
  ],
  [
    'a Welcome opens the stream',
    { kind: 'connecting', backoff },
    { kind: 'welcomed' },
    { kind: 'streaming' },
  ],
  [
    'a stream that breaks is opened again after a while',
    { kind: 'streaming', backoff },
    failed('CONTROL_PLANE_UNREACHABLE', true),
    { kind: 'backing-off', untilMs: 1_000_500 },
  ],
  ['after a wait the certificate is looked after first', waiting, { kind: 'waited' }, { kind: 'enrolling' }],
  [
    'a wait that the server asked for is kept',
    { kind: 'streaming', backoff },
    { kind: 'retry', afterMs: 7_777 },
    { kind: 'backing-off', untilMs: 1_007_777, code: null },
  ],
  [
    'who may come at once comes within a second',
    { kind: 'streaming', backoff },
    { kind: 'retry', afterMs: 0 },
    { kind: 'backing-off', untilMs: 1_000_500 },
  ],
  [
    'but not for days',
    { kind: 'streaming', backoff },
    { kind: 'retry', afterMs: 2 ** 31 },
    { kind: 'backing-off', untilMs: 4_600_000 },
  ],
  [
    'an unreachable control plane ends nothing, also without an identity',
    { kind: 'enrolling', backoff },
    failed('CONTROL_PLANE_UNREACHABLE', false),
    { kind: 'backing-off' },
  ],
  [
    'a used token ends it',
    { kind: 'enrolling', backoff },
    failed('TOKEN_USED', false),
    { kind: 'offline', code: 'TOKEN_USED' },
  ],
  [
    'a foreign CA ends it while there is no identity',
    { kind: 'enrolling', backoff },
    failed('CA_MISMATCH', false),
    { kind: 'offline' },
  ],
  [
    'a foreign CA does not end a site',
    { kind: 'connecting', backoff },
    failed('CA_MISMATCH', true),
    { kind: 'backing-off', code: 'CA_MISMATCH' },
  ],
  [
    'a withdrawn site goes on asking',
    { kind: 'streaming', backoff },
    failed('SITE_REVOKED', true),
    { kind: 'backing-off', code: 'SITE_REVOKED' },
  ],
  ['what is over stays over', offline, { kind: 'waited' }, offline],
  ['what is over cannot be welcomed', offline, { kind: 'welcomed' }, offline],
];

for (const [what, state, event, expected] of table) {
  test(what, (t) => {
    t.like(next(state, event, now), expected);
  });
}

function fail(times: number, uniform: number): SessionState {
  let state: SessionState = { kind: 'connecting', backoff };
  for (let time = 0; time < times; time += 1) {
    state = next(state, failed('CONTROL_PLANE_UNREACHABLE', true), { ...now, uniform });
    if (time < times - 1) state = next(next(state, { kind: 'waited' }, now), { kind: 'enrolled' }, now);
  }
  return state;
}

test('waits are spread over a bound that doubles from 1 s to 120 s', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (times, uniform) => {
        const state = fail(times, uniform);
        const bound = Math.min(120_000, 1_000 * 2 ** (times - 1));
        const waitMs = state.kind === 'backing-off' ? state.untilMs - now.nowMs : -1;
        t.is(waitMs, Math.floor(uniform * bound));
      },
    ),
  );
});

const streamingSince = (failures: number): SessionState => ({
  kind: 'streaming',
  backoff: { failures, goodSinceMs: now.nowMs },
});
const later = (ms: number): Circumstances => ({ ...now, nowMs: now.nowMs + ms, uniform: 1 - Number.EPSILON });

test('ten stable minutes make the next failure the first one, nine do not', (t) => {
  const event = failed('CONTROL_PLANE_UNREACHABLE', true);
  const minute = 60_000;
  const wait = (state: SessionState, at: Circumstances) =>
    state.kind === 'backing-off' ? state.untilMs - at.nowMs : -1;
  const soon = later(9 * minute);
  t.is(wait(next(streamingSince(5), event, soon), soon), 31_999);
  const late = later(10 * minute);
  t.is(wait(next(streamingSince(5), event, late), late), 999);
});
