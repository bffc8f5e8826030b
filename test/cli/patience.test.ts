// Calls that outlive a restart: silence is told, also its end; what is refused is not asked again.

import test from 'ava';
import { patiently } from '../../cli/patience.ts';
import { systemClock } from '../../daemon/clock.ts';
import { TreError } from '../../proto/errors.ts';

/** Asks until it is answered; what was told on the way. */
async function asking(answers: readonly (string | TreError)[]) {
  const told: string[] = [];
  const left = [...answers];
  const call = async (): Promise<string> => {
    const answer = await Promise.resolve(left.shift());
    if (answer === undefined) throw new Error('asked too often');
    if (typeof answer !== 'string') throw answer;
    return answer;
  };
  const outcome = patiently(call, {
    clock: { ...systemClock, sleep: () => Promise.resolve() },
    signal: AbortSignal.timeout(10_000),
    onSilence: ({ why }) => told.push(why),
    onAnswer: () => told.push('answered'),
  });
  const said = await outcome.catch((error: unknown) => (error instanceof TreError ? error.code : 'another'));
  return { said, told };
}

const gone = new TreError('CONTROL_PLANE_UNREACHABLE', 'gone');

test('an answer at once is no news', async (t) => {
  t.deepEqual(await asking(['here']), { said: 'here', told: [] });
});

test('a silence is told each time, its end once', async (t) => {
  const { said, told } = await asking([gone, gone, 'here']);
  t.is(said, 'here');
  t.deepEqual(told, [gone.message, gone.message, 'answered']);
});

test('a refusal ends it', async (t) => {
  const { said, told } = await asking([gone, new TreError('SITE_UNKNOWN'), 'here']);
  t.is(said, 'SITE_UNKNOWN');
  t.deepEqual(told, [gone.message]);
});
