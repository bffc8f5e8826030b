// From an HTTP answer to a value: how long a server may hold us back.
import test from 'ava';
import { answerOf } from '../../../agent/cluster/answer.ts';

const waits = test.macro((t, retryAfter: string | null, expectedMs: number | null) => {
  const body = new TextEncoder().encode('{"message":"because"}');
  const answer = answerOf({ status: 429, contentType: 'application/json', etag: null, retryAfter, body });
  t.is(answer.ok ? undefined : answer.retryAfterMs, expectedMs);
});

test('seconds, as Kubernetes says them', waits, '7', 7_000);
test('never longer than five minutes', waits, '999999', 300_000);
test('a date counts as not said', waits, 'Wed, 21 Oct 2026 07:28:00 GMT', null);
test('nothing', waits, null, null);
