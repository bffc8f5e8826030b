// Following events when the server does not wait: whoever is told "nothing new" at once asks no more than once a second.
// And what is missing, because it was forgotten or a backup was restored, is said once.

import test, { type ExecutionContext } from 'ava';
import { eventPages, followEvents, type Gap } from '../../cli/event-feed.ts';
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
    return { events: [], after: 7, newest: 7, oldest: 1, restored: false };
  });
  const nothing = (): void => undefined;
  const patience = { clock: systemClock, signal: ending.signal, onSilence: nothing, onGap: nothing };
  setTimeout(() => ending.abort(), 1_500);
  const follow = async (): Promise<void> => {
    for await (const page of followEvents(server, { after: 7, site: undefined, ...patience }))
      t.fail(`${page.length} events`);
  };
  await t.throwsAsync(follow, { name: 'AbortError' });
  t.is(asked, 2);
});

/** What is asked, told and said when the server gives these answers, one after the other. */
async function followed(t: ExecutionContext, answers: readonly unknown[], after: number) {
  const ending = new AbortController();
  const [asked, told, gaps]: [string[], number[], Gap[]] = [[], [], []];
  const left = [...answers];
  const server: RestClient = {
    call: async <T>(_method: string, path: string) => {
      asked.push(path);
      if (left.length === 0) ending.abort();
      ending.signal.throwIfAborted();
      return await Promise.resolve(left.shift() as T);
    },
    serverTime: () => undefined,
    [Symbol.dispose]: () => undefined,
  };
  const patience = { clock: systemClock, signal: ending.signal, onSilence: () => undefined };
  await t.throwsAsync(
    async () => {
      const onGap = (gap: Gap) => void gaps.push(gap);
      for await (const page of followEvents(server, { after, site: undefined, onGap, ...patience }))
        told.push(...page.map(({ id }) => id));
    },
    { name: 'AbortError' },
  );
  return { asked: asked.map(placeIn), told, gaps };
}

/** Id and time after which something is asked for. */
function placeIn(path: string): readonly (string | null)[] {
  const question = new URL(path, 'https://localhost').searchParams;
  return [question.get('after'), question.get('at')];
}

const at = '2026-11-23T10:00:00.000Z';
const event = (id: number) => ({ id, at });

test('after a restored backup the follower says so once, and tells what came since the last event that it told', async (t) => {
  const answers = [
    { events: [event(8)], after: 7, newest: 8, oldest: 1, restored: false },
    { events: [event(4), event(5)], after: 3, newest: 5, oldest: 1, restored: true },
    { events: [event(6)], after: 5, newest: 6, oldest: 1, restored: false },
  ];
  const { asked, told, gaps } = await followed(t, answers, 7);
  t.deepEqual(gaps, [{ kind: 'restored', after: 3 }]);
  t.deepEqual(told, [8, 4, 5, 6]);
  t.deepEqual(asked, [
    ['7', null],
    ['8', at],
    ['5', at],
    ['6', at],
  ]);
});

test('after a restored backup without anything newer the lost event is not asked for again', async (t) => {
  const none = { events: [], after: 3, newest: 3, oldest: 1 };
  const answers = [
    { events: [event(8)], after: 7, newest: 8, oldest: 1, restored: false },
    { ...none, restored: true },
    { ...none, restored: false },
  ];
  const { asked, gaps } = await followed(t, answers, 7);
  t.deepEqual(gaps, [{ kind: 'restored', after: 3 }]);
  t.deepEqual(asked, [
    ['7', null],
    ['8', at],
    ['3', null],
    ['3', null],
  ]);
});

test('each page is asked for after the last event of the page before, by its id and its time', async (t) => {
  const answers = [[event(8), event(9)], [event(10)], []].map((events) => ({
    events,
    after: 7,
    newest: 10,
    oldest: 1,
    restored: false,
  }));
  const asked: string[] = [];
  const server: RestClient = {
    ...serverThat(() => undefined),
    call: async <T>(_method: string, path: string) => {
      asked.push(path);
      return await Promise.resolve(answers.shift() as T);
    },
  };
  const told: number[][] = [];
  for await (const page of eventPages(server, { after: 7, at: 'then' })) told.push(page.map(({ id }) => id));
  t.deepEqual(told, [[8, 9], [10]]);
  t.deepEqual(asked.map(placeIn), [
    ['7', 'then'],
    ['9', at],
    ['10', at],
  ]);
});

test('what was forgotten since is said once', async (t) => {
  const all = { events: [], after: 7, newest: 20, oldest: 0, restored: false };
  t.like(await followed(t, [all, { ...all, after: 20 }], 7), { gaps: [{ kind: 'forgotten', upTo: 20 }] });
  const some = { events: [event(12)], newest: 20, oldest: 12, restored: false };
  t.like(await followed(t, [{ ...some, after: 7 }], 7), {
    gaps: [{ kind: 'forgotten', upTo: 11 }],
    told: [12],
  });
  for (const after of [0, 11])
    t.like(await followed(t, [{ ...some, after }], after), { gaps: [], told: [12] });
});
