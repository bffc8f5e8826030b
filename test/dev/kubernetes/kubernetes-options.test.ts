// The command line of `npm run kubernetes`: what is understood, and what is refused with its code before anything runs.
import test from 'ava';
import { help, parseCommand } from '../../../dev/kubernetes/kubernetes-options.ts';

const environment = { home: '/users/ada', stateHome: undefined };

test('the data folder is under the state folder of the user', (t) => {
  t.deepEqual(parseCommand(['up'], environment), {
    ok: true,
    value: {
      command: 'up',
      dataDir: '/users/ada/.local/state/tre-fleet/kubernetes',
      node: false,
      json: false,
    },
  });
  t.like(parseCommand(['up'], { ...environment, stateHome: '/state' }), {
    value: { dataDir: '/state/tre-fleet/kubernetes' },
  });
  t.like(parseCommand(['up'], { ...environment, stateHome: '' }), {
    value: { dataDir: '/users/ada/.local/state/tre-fleet/kubernetes' },
  });
});

test('options may stand before and after the command', (t) => {
  const value = { command: 'status', dataDir: '/data', node: true, json: true };
  t.like(parseCommand(['--data', '/data', '--node', 'status', '-o', 'json'], environment), {
    ok: true,
    value,
  });
});

test('help has an example', (t) => {
  t.deepEqual(parseCommand(['up', '--help'], environment), { ok: false, help: true, text: help });
  t.regex(help, /Example\n.*up --node/);
});

const refused = test.macro({
  exec(t, args: string[], why: RegExp) {
    const parsed = parseCommand(args, environment);
    t.false(parsed.ok);
    if (parsed.ok) return;
    t.false(parsed.help);
    t.regex(parsed.text.split('\n')[0] ?? '', why);
  },
  title: (_, args: string[]) => `refused: kubernetes ${args.join(' ')}`,
});
test(refused, [], /^USAGE: no command given$/);
test(refused, ['start'], /^USAGE: there is no command start$/);
test(refused, ['up', 'now'], /^USAGE: now is not understood after up$/);
test(refused, ['status', '-o', 'yaml'], /^USAGE: -o yaml: only json and text are known$/);
test(refused, ['up', '--port', '6443'], /^USAGE: Unknown option '--port'/);
test(refused, ['up', '--data'], /^USAGE: Option '--data <value>' argument missing$/);
