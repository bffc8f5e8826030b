// A site that joined and says what a test wants it to say: states, figures, heartbeats, over a real stream. The stream
// ends with the test. Used by tests of what operators see.

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { ExecutionContext } from 'ava';
import { ReportBodySchema } from '../../proto/gen/tre/v1/sync_pb.ts';
import { bootId, type JoinedSite, joinSite, openStream, type TestStream } from './agent-client.ts';
import type { Operator } from './control-plane.ts';

type Body = NonNullable<MessageInitShape<typeof ReportBodySchema>['body']>;

export interface ReportingSite {
  readonly site: JoinedSite;
  readonly stream: TestStream;
  /** Sends one report and waits until it is stored. */
  say(body: Body): Promise<void>;
  /** A heartbeat that confirms what was said. */
  beat(): Promise<void>;
}

export async function reportingSite(
  t: ExecutionContext,
  plane: Operator,
  name: string,
): Promise<ReportingSite> {
  const site = await joinSite(plane, name);
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  let sequence = 0;
  const send = (message: unknown): Promise<void> => stream.duplex.send({ message } as never);
  return {
    site,
    stream,
    say: async (body) => {
      sequence += 1;
      const row = {
        bootId,
        sequence: BigInt(sequence),
        body: toBinary(ReportBodySchema, create(ReportBodySchema, { body })),
      };
      await send({ case: 'report', value: { rows: [row] } });
      while (Number((await stream.until('ack')).value.sequence) < sequence);
    },
    beat: () => {
      const nowMs = BigInt(Date.now());
      const value = { sentAtMs: nowMs, observedAtMs: nowMs, healthObservedAtMs: nowMs };
      return send({ case: 'heartbeat', value });
    },
  };
}

/** A state in which all is well; `changes` make it worse. */
export function wellState(generation: number, changes: object = {}): Body {
  const nowMs = BigInt(Date.now());
  return {
    case: 'state',
    value: {
      observedAtMs: nowMs,
      epoch: 1,
      generation,
      applied: true,
      objectsWanted: 1,
      objectsApplied: 1,
      kubernetesVersion: 'v1.36.2',
      healthy: true,
      healthObservedAtMs: nowMs,
      components: [{ index: 0, applied: true, healthy: true, objects: 1 }],
      isolation: { networkPolicy: 'enforced', checkedAtMs: nowMs },
      ...changes,
    },
  } as Body;
}
