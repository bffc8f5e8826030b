// The TAP reader: what AVA printed for each kind of outcome, and a run that broke off.

import test from 'ava';
import { readTap, type TapCounts } from './tap.ts';

function read(text: string): { said: string[]; counts: TapCounts } {
  const said: string[] = [];
  const reader = readTap({
    result: ({ outcome, title }) => said.push(`${outcome} ${title}`),
    detail: (line) => said.push(`| ${line}`),
  });
  for (const line of text.split('\n')) reader.line(line);
  return { said, counts: reader.end() };
}

const whole = `TAP version 13
ok 1 - plan › is pure
#   a log of a test that passed
not ok 2 - plan › counts to # 3
#   a log
  ---
    message: msg
    details:
      'Difference (- actual, + expected):': |-
        - 1
        + 2
  ...
ok 3 - upgrade chain: the data folder is absent # SKIP
not ok 4 - later # TO${'DO'}

1..4
# tests 3
# pass 1
# skip 1
# fail 1
`;

test('each test is told once, a failure with its details and its log', (t) => {
  const { said, counts } = read(whole);
  t.deepEqual(said, [
    'passed plan › is pure',
    'failed plan › counts to # 3',
    '| a log',
    '| message: msg',
    '| details:',
    "|   'Difference (- actual, + expected):': |-",
    '|     - 1',
    '|     + 2',
    'skipped upgrade chain: the data folder is absent',
    'skipped later',
  ]);
  t.deepEqual(counts, { passed: 1, failed: 1, skipped: 2 });
});

test('a run that breaks off before its summary has failed', (t) => {
  t.deepEqual(read('TAP version 13\nok 1 - one').counts, { passed: 1, failed: 1, skipped: 0 });
  t.deepEqual(read('').counts, { passed: 0, failed: 1, skipped: 0 });
});

test('failures that belong to no test are counted from the summary', (t) => {
  t.is(read('ok 1 - one\n# pass 1\n# fail 2').counts.failed, 2);
});
