// The error class, and the one line that an error with its causes becomes.

import test from 'ava';
import { DaemonError, errorChain, fromSystem, isDaemonError, systemCode } from '../../daemon/errors.ts';

function systemError(code: string, message = `${code}: refused`): Error {
  return Object.assign(new Error(message), { code });
}

test('the chain names every cause, outermost first, in one line', (t) => {
  const error = new DaemonError('timeout', 'the peer\n  is slow', {
    cause: new Error('read failed', { cause: systemError('ECONNRESET') }),
  });
  t.is(errorChain(error), '[timeout] the peer is slow: read failed: ECONNRESET: refused');
});

test('the code of a system error is printed once', (t) => {
  t.is(errorChain(systemError('EACCES', 'permission denied')), 'EACCES permission denied');
  t.is(errorChain(systemError('EACCES', 'EACCES: permission denied')), 'EACCES: permission denied');
});

test('a connection that failed on every address tells of each', (t) => {
  const error = new AggregateError([
    systemError('ECONNREFUSED', 'connect ::1'),
    systemError('ETIMEDOUT', 'connect 127.0.0.1'),
  ]);
  t.is(errorChain(error), 'ECONNREFUSED connect ::1; ETIMEDOUT connect 127.0.0.1');
});

test('what is not an error, and a cause that contains itself, do no harm', (t) => {
  const loop = new Error('again');
  loop.cause = loop;
  t.is(errorChain(loop).split(': ').length, 10);
  t.is(errorChain('text'), 'text');
  t.is(errorChain({ secret: 1 }), 'thrown object');
  t.is(errorChain(new TypeError()), 'TypeError');
});

test('a DaemonError keeps its cause and its details, which cannot be changed', (t) => {
  const cause = systemError('ENOENT');
  const error = new DaemonError('path-unreadable', 'no file', { cause, details: { path: '/a' } });
  t.is(error.cause, cause);
  t.true(Object.isFrozen(error.details));
  t.false('cause' in new DaemonError('timeout', 'late'));
});

test('kinds can be asked for', (t) => {
  const error = new DaemonError('timeout', 'late');
  t.true(isDaemonError(error));
  t.true(isDaemonError(error, 'aborted', 'timeout'));
  t.false(isDaemonError(error, 'aborted'));
  t.false(isDaemonError(new Error('timeout')));
});

test('a system error becomes the fallback kind, unless its code says more', (t) => {
  t.is(fromSystem(systemError('EACCES'), 'path-unwritable', '/a').kind, 'path-unwritable');
  t.is(fromSystem(systemError('ENOSPC'), 'path-unwritable', '/a').kind, 'disk-full');
  t.is(fromSystem(systemError('EADDRINUSE'), 'listen-failed', ':1').kind, 'port-taken');
  const known = new DaemonError('timeout', 'late');
  t.is(fromSystem(known, 'path-unreadable', '/a'), known);
  t.is(systemCode(fromSystem(systemError('EACCES'), 'path-unreadable', '/a').cause), 'EACCES');
});

test('what was to be JSON is not quoted', (t) => {
  for (const text of [
    'planted',
    '{"token": planted}',
    `{"token": "${'x'.repeat(40)}", planted}`,
    'undefined planted',
  ]) {
    const error = t.throws(() => JSON.parse(text) as unknown, { instanceOf: SyntaxError });
    const chain = errorChain(new Error('the answer cannot be read', { cause: error }));
    t.regex(chain, /^the answer cannot be read: .*JSON/, text);
    t.notRegex(chain, /plant|token"/, text);
  }
});
