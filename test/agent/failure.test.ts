// What went wrong underneath, in the words of tre-agent: a code of the closed list, the facts, what to do next.
import test from 'ava';
import { describeFailure } from '../../agent/failure.ts';
import { DaemonError, type DaemonErrorKind } from '../../daemon/errors.ts';
import { type ErrorCode, errors, TreError } from '../../proto/errors.ts';

const kinds: readonly (readonly [DaemonErrorKind, ErrorCode, exit: number])[] = [
  ['config-invalid', 'CONFIG_INVALID', 2],
  ['database-corrupt', 'DATA_CORRUPT', 1],
  ['database-failed', 'DATA_UNREADABLE', 1],
  ['database-newer', 'DATA_NEWER', 3],
  ['disk-full', 'DISK_FULL', 1],
  ['folder-locked', 'DATA_LOCKED', 3],
  ['listen-failed', 'CONFIG_INVALID', 2],
  ['path-unreadable', 'FILE_UNREADABLE', 1],
  ['path-unwritable', 'FILE_UNWRITABLE', 1],
  ['runtime-unsupported', 'RUNTIME_TOO_OLD', 1],
];

for (const [kind, code, exitCode] of kinds) {
  test(`${kind} is ${code}`, (t) => {
    const text = `${code}: the facts\n    ${errors[code].next}`;
    t.deepEqual(describeFailure(new DaemonError(kind, 'the facts')), { code, exitCode, text });
  });
}

test('facts of an error stand below its sentence', (t) => {
  const { text, exitCode } = describeFailure(
    new TreError('AGENT_NOT_RUNNING', undefined, { facts: { socket: '/a' } }),
  );
  t.is(exitCode, 4);
  t.regex(text, /^AGENT_NOT_RUNNING: No agent answers on this machine\.\n {4}socket: \/a\n {4}Start /);
});

test('what nobody expected keeps its causes', (t) => {
  const { text, code } = describeFailure(new Error('outer', { cause: new Error('inner') }));
  t.is(code, 'INTERNAL');
  t.regex(text, /outer.*inner/);
});
