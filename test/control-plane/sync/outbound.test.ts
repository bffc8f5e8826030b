// What is still to be said on one stream: nothing is left behind, whenever it comes.

import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { Outbound, type SyncCall } from '../../../control-plane/sync/outbound.ts';
import type { SyncResponse } from '../../../proto/gen/tre/v1/sync_pb.ts';

/** A stream whose every write leaves at the next turn of the event loop; `onLeft` is told in the same step. */
function modelledCall(written: SyncResponse[], onLeft: () => void): SyncCall {
  const write = (message: SyncResponse, done: () => void): boolean => {
    written.push(message);
    setImmediate(() => {
      done();
      onLeft();
    });
    return true;
  };
  return { write } as unknown as SyncCall;
}

test('a message that comes while the last one is being finished is written too', async (t) => {
  for (let steps = 0; steps < 12; steps += 1) {
    const written: SyncResponse[] = [];
    const laterAck = async (): Promise<void> => {
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      if (written.length === 1) outbound.ack('second', 1);
    };
    const outbound: Outbound = new Outbound(
      modelledCall(written, () => void laterAck()),
      () => [],
    );
    outbound.ack('first', 1);
    await turn();
    await turn();
    t.is(written.length, 2, `${steps} steps later`);
  }
});
