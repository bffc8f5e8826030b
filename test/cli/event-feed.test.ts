// Following events when the server does not wait: whoever is told "nothing new" at once asks no more than once a second.

import test from 'ava';
import { followEvents } from '../../cli/event-feed.ts';
import type { RestClient } from '../../cli/rest.ts';
import { systemClock } from '../../daemon/clock.ts';

function serverThat(answers: () => unknown): RestClient {
  return {
    call: async <T>() => await Promise.resolve(answers() as T),
    serverTime: () => undefined,
    [Symbol.dispose]: () => undefined,
  };
}

test('a server that has no room for one more who waits is not asked as fast as it answers', async (t) => {
  const ending = new AbortController();
  let asked = 0;
  const server = serverThat(() => {
    asked += 1;
    // Without a pause nothing else would ever get its turn.
    if (asked > 50) throw new Error('asked again and again');
    return { events: [], newest: 7 };
  });
  const nothing = (): void => undefined;
  const patience = { clock: systemClock, signal: ending.signal, onSilence: nothing, onRestored: nothing };
  setTimeout(() => ending.abort(), 1_500);
  const follow = async (): Promise<void> => {
    for await (const page of followEvents(server, { after: 7, site: undefined, ...patience }))
      t.fail(`${page.length} events`);
  };
  await t.throwsAsync(follow, { name: 'AbortError' });
  t.is(asked, 2);
});
