// What a log sees of a status: one line, in which everything that begins or ends can be seen.
import test from 'ava';
import { plain } from '../../../agent/local/paint.ts';
import { statusOf } from '../../../agent/local/status.ts';
import { watchLine } from '../../../agent/local/watch-line.ts';
import { scenes } from './scenes.ts';

test('every situation has a line of its own, and no line breaks', async (t) => {
  const lines = new Map<string, string>();
  for (const [name, make] of Object.entries(scenes)) {
    const line = watchLine(statusOf(await make(t)), plain);
    t.notRegex(line, /\n/, name);
    t.false([...lines.values()].includes(line), `${name}: ${line}`);
    lines.set(name, line);
  }
  t.regex(lines.get('green') ?? '', /^GREEN: [^.]+\. \S+@\S+, \d+ of \d+ applied, \d+ working$/);
  t.regex(
    lines.get('last-looked-long-ago') ?? '',
    /^UNKNOWN: .* applied when last looked at, health not known/,
  );
  t.regex(lines.get('held') ?? '', /; now: HeldOnSite$/);
  t.regex(lines.get('refused') ?? '', /; refused generation \d+ \([A-Z_]+\)/);
  t.regex(lines.get('not-healthy') ?? '', /^RED: .*; now: .*NotHealthy/);
});

test('a code that holds twice is named once, and no agent is said in words', async (t) => {
  const green = scenes['green'];
  if (green === undefined) return t.fail('no such scene');
  const status = statusOf(await green(t));
  const condition = {
    code: 'DiskFull' as const,
    severity: 'error' as const,
    count: 1,
    since: status.now,
    text: 'a',
    next: 'b',
    objects: [],
  };
  t.regex(watchLine({ ...status, conditions: [condition, condition] }, plain), /; now: DiskFull$/);
  t.is(watchLine('AGENT_NOT_RUNNING', plain), 'NO AGENT: No agent answers on this machine.');
});
