// What a line looks like, and what can never be in one.

import test from 'ava';
import { DaemonError } from '../../daemon/errors.ts';
import { createLog, type Log, type LogLevel, silentLog } from '../../daemon/log.ts';

function captured(level: LogLevel = 'debug'): {
  log: Log;
  lines: Record<string, unknown>[];
  text: () => string;
} {
  const written: string[] = [];
  return {
    log: createLog({ level, write: (line) => void written.push(line) }),
    get lines() {
      return written.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    text: () => written.join(''),
  };
}

test('a line is one JSON object with level, time in RFC 3339, fields and message, and nothing of the machine', (t) => {
  const { log, text } = captured();
  log.info({ run: 3, code: 'SOME_CODE', ok: true, absent: undefined }, 'run ended');
  t.is(text().indexOf('\n'), text().length - 1);
  const parsed = JSON.parse(text()) as Record<string, unknown>;
  t.regex(String(parsed['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.deepEqual(
    { ...parsed, time: '' },
    { level: 'info', time: '', run: 3, code: 'SOME_CODE', ok: true, message: 'run ended' },
  );
});

test('a child adds its fields, and the line may override them', (t) => {
  const rig = captured();
  const child = rig.log.child({ run: 1, step: 'a' }).child({ step: 'b' });
  child.warn({ code: 'X' }, 'one');
  child.warn({ step: 'c' }, 'two');
  t.like(rig.lines[0], { level: 'warn', run: 1, step: 'b', code: 'X' });
  t.like(rig.lines[1], { run: 1, step: 'c' });
});

test('the level decides what is written', (t) => {
  const rig = captured('warn');
  rig.log.debug({}, 'a');
  rig.log.info({}, 'b');
  rig.log.warn({}, 'c');
  rig.log.error({}, 'd');
  t.deepEqual(
    rig.lines.map(({ message }) => message),
    ['c', 'd'],
  );
  t.is(silentLog.child({ run: 1 }), silentLog);
});

test('an error is printed as its chain of causes', (t) => {
  const rig = captured();
  rig.log.error({ error: new DaemonError('timeout', 'late', { cause: new Error('slow') }) }, 'failed');
  t.is(rig.lines[0]?.['error'], '[timeout] late: slow');
});

const hidden = test.macro((t, fields: Record<string, unknown>, message: string) => {
  const rig = captured();
  rig.log.child(fields).info(fields, message);
  rig.log.error({ error: new Error(message, { cause: new Error(message) }), ...fields }, message);
  t.notRegex(rig.text(), /hunter2/);
});

test('a field named token', hidden, { token: 'hunter2', joinToken: 'hunter2' }, '');
test(
  'fields named for secrets',
  hidden,
  { password: 'hunter2', clientSecret: 'hunter2', setCookie: 'hunter2' },
  '',
);
test('a private key by name', hidden, { key: 'hunter2', deviceKey: 'hunter2' }, '');
test(
  'an authorization header',
  hidden,
  { authorization: 'hunter2' },
  'sent Authorization: Bearer hunter2 to it',
);
test(
  'a private key in a text',
  hidden,
  {},
  '-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----',
);
test('a private key cut short', hidden, {}, 'read -----BEGIN PRIVATE KEY-----hunter2');
test('a token in an address', hidden, {}, 'GET https://host/join?token=hunter2&x=1 failed');
test('a password in quoted JSON', hidden, {}, 'refused {"password": "hunter2", "a": 1}');
test('an object in a field', hidden, { document: { name: 'hunter2' }, list: ['hunter2'] }, '');
