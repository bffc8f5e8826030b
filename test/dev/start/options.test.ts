// The command line of `npm start`.
import test from 'ava';
import { parseStartOptions } from '../../../dev/start/options.ts';

const parse = (...args: string[]) => parseStartOptions(args, '/var/state');

test('without arguments: the data folder below the state folder, no source, on until Ctrl-C', (t) => {
  t.deepEqual(parse(), {
    ok: true,
    options: { dataDir: '/var/state/tre-fleet/start', from: null, once: false },
  });
});

test('folders become absolute', (t) => {
  const parsed = parse('--once', '--data', 'x', '--from', 'y/z');
  t.deepEqual(parsed, {
    ok: true,
    options: { dataDir: `${process.cwd()}/x`, from: `${process.cwd()}/y/z`, once: true },
  });
});

test('help has an example and is no error', (t) => {
  const parsed = parse('--help');
  t.false(parsed.ok);
  if (!parsed.ok) {
    t.true(parsed.help);
    t.regex(parsed.text, /npm start -- --once/);
  }
});

for (const args of [['--nothing'], ['--data'], ['stray']]) {
  test(`${args.join(' ')} is a usage error that shows the help`, (t) => {
    const parsed = parse(...args);
    t.false(parsed.ok);
    if (!parsed.ok) {
      t.false(parsed.help);
      t.regex(parsed.text, /^USAGE: .*\n\nStarts a whole/s);
    }
  });
}
