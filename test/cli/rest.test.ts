// What a control plane that is newer than this trectl answers: a refusal ends what waits, a trouble of its own is waited
// out.

import { createServer } from 'node:https';
import test, { type ExecutionContext } from 'ava';
import { patiently } from '../../cli/patience.ts';
import { type RestClient, restClient } from '../../cli/rest.ts';
import { systemClock } from '../../daemon/clock.ts';
import { loopbackIdentity } from '../support/loopback-certificate.ts';

/** A client of a server that gives one problem after the other, the last one for ever. */
async function clientOf(
  t: ExecutionContext,
  answers: readonly (readonly [number, unknown])[],
): Promise<RestClient> {
  const { cert, key } = await loopbackIdentity();
  const left = [...answers];
  const server = createServer({ cert, key }, (_request, response) => {
    const [status, body] = (left.length > 1 ? left.shift() : left[0]) ?? [500, {}];
    response.writeHead(status).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const client = restClient(
    { url: `https://127.0.0.1:${port}`, ca: cert, token: 'x' },
    AbortSignal.timeout(30_000),
  );
  t.teardown(() => {
    client[Symbol.dispose]();
    server.close();
  });
  return client;
}

const problem = (code: string) => ({ code, detail: 'Ring 2.' });

async function waited(client: RestClient): Promise<readonly [unknown, readonly string[]]> {
  const told: string[] = [];
  const answer = await patiently(() => client.call('GET', '/v1/sites'), {
    clock: { ...systemClock, sleep: () => Promise.resolve() },
    signal: AbortSignal.timeout(10_000),
    onSilence: ({ why }) => void told.push(why),
  });
  return [answer, told];
}

test('a trouble of a newer control plane is waited out', async (t) => {
  const answers = [
    [503, problem('RING_BUSY')],
    [500, problem('RING_LOST')],
    [200, []],
  ] as const;
  const [answer, told] = await waited(await clientOf(t, answers));
  t.deepEqual(answer, []);
  t.deepEqual(told, ['INTERNAL: RING_BUSY: Ring 2.', 'INTERNAL: RING_LOST: Ring 2.']);
});

test('a refusal of a newer control plane ends what waits', async (t) => {
  const client = await clientOf(t, [[409, problem('RING_HALTED')]]);
  await t.throwsAsync(waited(client), { message: 'CAPABILITY_UNSUPPORTED: RING_HALTED: Ring 2.' });
});
