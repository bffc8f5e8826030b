// What a start says of its steps: done is only what came about.

import test from 'ava';
import { createProgress } from '../../../dev/start/progress.ts';
import { unhealthyText } from '../../../dev/start/settle.ts';
import type { SiteFacts } from '../../../dev/start/site.ts';
import { manualClock } from '../../support/manual-clock.ts';

test('a step that came about is done; one that did not says after how long; both keep their time', async (t) => {
  const clock = manualClock();
  const lines: string[] = [];
  const progress = createProgress(clock, (text) => void lines.push(text));
  const work = async (): Promise<boolean> => {
    await clock.advance(1_500);
    return false;
  };
  t.false(await progress.step('a', 'everything applied', work));
  t.false(await progress.step('b', 'everything healthy', work, (isHealthy) => isHealthy));
  t.deepEqual(lines, [
    '  everything applied ...\n',
    '  everything applied: done in 1.5 s\n',
    '  everything healthy ...\n',
    '  everything healthy: not after 1.5 s\n',
  ]);
  t.deepEqual(progress.seconds(), { a: 1.5, b: 1.5 });
});

test('what does not work, in the words of the site, one line an object', (t) => {
  const object = { kind: 'StatefulSet', namespace: 'heart', name: 'workspace' };
  const facts = {
    verdict: { text: 'not healthy: An image cannot be had.' },
    unhealthy: [
      { object, text: 'An image cannot be had.', next: 'Check its name.' },
      { object: null, text: 'It crashes.', next: 'Look.' },
    ],
  };
  t.deepEqual(unhealthyText(facts as unknown as SiteFacts).split('\n'), [
    'Not everything works yet; the site says: not healthy: An image cannot be had.',
    '  StatefulSet heart/workspace: An image cannot be had. Check its name.',
    '  an object: It crashes. Look.',
  ]);
});
