// What a person reads when a command of dev/ fails.
import test from 'ava';
import { failureWords, Told } from '../../dev/failure.ts';
import { unavailable } from '../../dev/kubernetes/binaries.ts';
import { goVersion } from '../../dev/kubernetes/go-module.ts';
import { errors } from '../../proto/errors.ts';

test('a machine without any Kubernetes: each way on a line of its own, then why the last one did not work', (t) => {
  const { text, exitCode } = failureWords(unavailable('/cache', 'Go is missing'));
  const lines = text.split('\n');
  t.is(lines[0], 'KUBERNETES_UNAVAILABLE: there is no Kubernetes to start. Any one of these gives one:');
  for (const way of [1, 2, 3]) t.true(lines[way]?.startsWith(`  ${way}. `), lines[way]);
  t.is(lines[4], 'The build did not work because Go is missing');
  t.is(lines[5], errors.KUBERNETES_UNAVAILABLE.next);
  t.true(errors.KUBERNETES_UNAVAILABLE.next.includes(`Go ${goVersion} or later`));
  t.is(exitCode, errors.KUBERNETES_UNAVAILABLE.exit);
});

test('an error without a code: the chain of its causes', (t) => {
  const error = new Error('it did not start', { cause: new Error('no room') });
  t.deepEqual(failureWords(error), { text: 'it did not start: no room', exitCode: 1 });
});

test('what is told in words keeps its lines and its exit code', (t) => {
  const text = 'not healthy: 1 object does not work\n  Deployment portal: it crashes';
  t.deepEqual(failureWords(new Told(text)), { text, exitCode: 1 });
  t.deepEqual(failureWords(new Told(text, 3)), { text, exitCode: 3 });
});
