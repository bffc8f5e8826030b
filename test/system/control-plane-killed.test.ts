// A control plane that is killed again and again while a site reports: what was acknowledged is there, what was not is
// sent again, and every row counts once.

import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import test from 'ava';
import { ReportBodySchema } from '../../proto/gen/tre/v1/sync_pb.ts';
import { bootId, type JoinedSite, joinSite, openStream } from '../support/agent-client.ts';
import {
  type ControlPlaneProcess,
  controlPlaneProcess,
  initControlPlane,
} from '../support/control-plane-process.ts';
import { scratch } from '../support/scratch.ts';
import { seededRandom } from '../support/seeded-random.ts';

const kills = 5;
const rows = 4_000;
const rowsAtOnce = 20;
const random = seededRandom(7);

/** The site's side of an outbox: numbered rows, and the last one that was acknowledged. */
const outbox = { acknowledged: 0, sent: 0 };

test.serial('kill -9 during reports loses nothing that was acknowledged and doubles nothing', async (t) => {
  const data = join(scratch(t), 'data');
  await initControlPlane(data);
  let plane = await controlPlaneProcess(data);
  t.teardown(() => plane.child.stop());
  const { agents, api } = plane.addresses;
  const ports = ['--grpc-port', agents.split(':')[1] ?? '', '--http-port', new URL(api).port];
  const site = await joinSite(plane, 'leeds');

  for (let kill = 0; kill < kills; kill += 1) {
    const before = outbox.acknowledged;
    const reporting = report(site, rows);
    while (outbox.acknowledged === before) await pause(1);
    await pause(random.next() * 100);
    plane.child.kill('SIGKILL');
    await plane.child.exited;
    await reporting;
    t.true(outbox.acknowledged < rows, 'it was killed in the middle');
    const acknowledged = outbox.acknowledged;
    plane = await controlPlaneProcess(data, ...ports);
    const kept = await sequences(plane);
    t.true(kept.length >= acknowledged, `${kept.length} rows kept, ${acknowledged} acknowledged`);
    t.log(`killed after ${outbox.sent} rows were sent, ${acknowledged} acknowledged, ${kept.length} kept`);
  }
  await report(site, rows);
  t.is(outbox.acknowledged, rows);
  t.deepEqual(
    await sequences(plane),
    Array.from({ length: rows }, (_, index) => index + 1),
  );
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends from the first row that was not acknowledged, until all are or the stream breaks. */
async function report(site: JoinedSite, upTo: number): Promise<void> {
  const stream = await openStream(site);
  const reading = (async () => {
    while (outbox.acknowledged < upTo)
      outbox.acknowledged = Number((await stream.until('ack')).value.sequence);
  })();
  reading.catch(() => undefined);
  try {
    for (let first = outbox.acknowledged + 1; first <= upTo; first += rowsAtOnce) {
      const batch = Array.from({ length: Math.min(rowsAtOnce, upTo - first + 1) }, (_, index) =>
        row(first + index),
      );
      await stream.duplex.send({ message: { case: 'report', value: { rows: batch } } } as never);
      outbox.sent = first + batch.length - 1;
    }
    await reading;
  } catch {
    // The control plane was killed.
  } finally {
    stream.close();
  }
}

function row(sequence: number) {
  const run = { startedAtMs: 1n, endedAtMs: 2n, generation: 1, applied: sequence };
  const body = toBinary(ReportBodySchema, create(ReportBodySchema, { body: { case: 'run', value: run } }));
  return { bootId, sequence: BigInt(sequence), body };
}

async function sequences(plane: ControlPlaneProcess): Promise<readonly number[]> {
  const found: { id: number; sequence: number }[] = [];
  for (;;) {
    const path = `/v1/sites/leeds/events?limit=1000&after=${found.at(-1)?.id ?? 0}`;
    const { events } = (await plane.rest<{ events: { id: number; sequence: number }[] }>('GET', path)).body;
    if (events.length === 0) return found.map((event) => event.sequence);
    found.push(...events);
  }
}
