// What ends a wait: a refusal does, but not the one of a hold that was released a moment before.

import test from 'ava';
import type { SiteDetailAnswer } from '../../cli/answers.ts';
import type { RestClient } from '../../cli/rest.ts';
import { waitForSite } from '../../cli/site-wait.ts';
import { systemClock } from '../../daemon/clock.ts';
import { TreError } from '../../proto/errors.ts';
import { healthySite, silentDetail } from '../support/site-answers.ts';
import { plainContext } from '../support/trectl.ts';

const there = { ...silentDetail, ...healthySite } as SiteDetailAnswer;
const generation = there.desired?.generation ?? 0;

function refusing(code: string): SiteDetailAnswer {
  const refused = { code, text: 'Why.', next: 'What next.', generation };
  const before = generation - 1;
  const state = there.state && { ...there.state, generation: before };
  return { ...there, refused, state, held: { epoch: 1, generation: before } };
}

/** How a wait ends that is answered so, and how many answers it took. */
async function waiting(answers: readonly SiteDetailAnswer[]) {
  const left = [...answers];
  const client = {
    call: async () => left.shift() ?? Promise.reject(new TypeError('asked too often')),
    serverTime: () => undefined,
    [Symbol.dispose]: () => {},
  } as unknown as RestClient;
  const never = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  const clock: typeof systemClock = {
    ...systemClock,
    sleep: (ms, signal) => (ms > 1_000 ? never(signal) : Promise.resolve()),
  };
  const path = '/v1/sites/leeds';
  const options = { path, wanted: 'applied', timeoutMs: 60_000 } as const;
  const outcome = await waitForSite(plainContext({ clock }), client, options).then(
    () => 'there',
    (error: unknown) => (error instanceof TreError ? error.code : error),
  );
  return { outcome, looks: answers.length - left.length };
}

test('a refusal ends it at once', async (t) => {
  t.deepEqual(await waiting([refusing('RELEASE_UNDER_SIGNED')]), {
    outcome: 'RELEASE_UNDER_SIGNED',
    looks: 1,
  });
});

test('a hold ends it once it still stands at the next look', async (t) => {
  t.deepEqual(await waiting([refusing('SITE_HELD'), refusing('SITE_HELD')]), {
    outcome: 'SITE_HELD',
    looks: 2,
  });
});

test('a hold that has just been released ends nothing', async (t) => {
  const offeredAgain = { ...refusing('SITE_HELD'), refused: null };
  t.deepEqual(await waiting([refusing('SITE_HELD'), offeredAgain, refusing('SITE_HELD'), there]), {
    outcome: 'there',
    looks: 4,
  });
});
