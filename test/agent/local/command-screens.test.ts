// What the other commands of the person on site print: a golden text for each, at 80 and 160 columns, with and without
// colour, from a real socket and a real store.
import { join } from 'node:path';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import test, { type ExecutionContext } from 'ava';
import type { LocalFacts } from '../../../agent/local/local-facts.ts';
import { coloured, plain } from '../../../agent/local/paint.ts';
import { widthOf } from '../../../agent/local/wrap.ts';
import { outgoingCopy } from '../../../proto/egress.ts';
import { ReportBodySchema, SyncRequestSchema } from '../../../proto/gen/tre/v1/sync_pb.ts';
import { isGolden } from '../../support/golden.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { agentWith, type Place, treAgent } from '../../support/on-site.ts';
import { minuteMs, nowMs, scenes } from './scenes.ts';

const goldens = join(import.meta.dirname, 'command-goldens');
const clock = { ...manualClock(), now: () => nowMs };
/** Whoever is asked says no, so that nothing is written. */
const ask = async (): Promise<string> => 'n';

async function sceneOf(t: ExecutionContext, name: string): Promise<LocalFacts> {
  const made = await scenes[name]?.(t);
  if (made === undefined) throw new Error(`there is no scene ${name}`);
  return made;
}

interface Screen {
  readonly name: string;
  readonly args: readonly string[];
  readonly place: Place;
  /** What differs from machine to machine, made the same. */
  readonly settled?: (text: string) => string;
}

async function compare(t: ExecutionContext, { name, args, place, settled }: Screen): Promise<void> {
  for (const width of [80, 160]) {
    const print = async (paint: typeof plain): Promise<string> => {
      const { code, stdout, stderr } = await treAgent(place, args, { clock, ask, width, paint });
      t.is(code, 0, stderr);
      return settled?.(stdout) ?? stdout;
    };
    const [text, painted] = [await print(plain), await print(coloured)];
    isGolden(t, join(goldens, `${name}.${width}.txt`), text);
    isGolden(t, join(goldens, `${name}.${width}.colour.txt`), painted);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour is
    t.is(painted.replaceAll(/\u001B\[\d+m/g, ''), text, 'colours change nothing else');
    t.deepEqual(
      text.split('\n').filter((line) => widthOf(line) > width),
      [],
    );
  }
}

for (const [name, scene, ...codes] of [
  ['explain-condition', 'not-healthy', 'NotHealthy'],
  ['explain-reason', 'not-healthy', 'ContainerCrashLooping'],
  ['explain-not-held', 'green', 'NetworkPolicyNotEnforced'],
  ['explain-not-held-long-ago', 'last-looked-long-ago', 'NetworkPolicyNotEnforced'],
  ['explain-all', 'not-healthy'],
  ['explain-all-refused', 'refused'],
  ['explain-nothing', 'green'],
  ['explain-nothing-long-ago', 'last-looked-long-ago'],
  ['explain-nothing-starting', 'starting'],
] as const)
  test(`golden: ${name}`, async (t) => {
    const place = await agentWith(t, await sceneOf(t, scene));
    await compare(t, { name, args: ['explain', ...codes], place });
  });

test('golden: explain without an agent', (t) =>
  compare(t, {
    name: 'explain-no-agent',
    args: ['explain', 'DiskFull'],
    place: { socket: '/nowhere/agent.sock' },
  }));

type Message = NonNullable<MessageInitShape<typeof SyncRequestSchema>['message']>;
type Body = NonNullable<MessageInitShape<typeof ReportBodySchema>['body']>;

function send({ store }: LocalFacts, atMs: number, message: Message): void {
  const bytes = toBinary(SyncRequestSchema, create(SyncRequestSchema, { message }));
  const { name, body } = outgoingCopy('/tre.v1.SyncService/Sync', bytes);
  store.ledger.add(name, body, atMs);
}

function report(facts: LocalFacts, sequence: number, body: Body): void {
  const bytes = toBinary(ReportBodySchema, create(ReportBodySchema, { body }));
  const rows = [{ sequence: BigInt(sequence), body: bytes }];
  send(facts, nowMs - 3 * minuteMs, { case: 'report', value: { rows } });
}

/** A start, a look at the site, the machine, and a few signs of life. */
async function talkative(t: ExecutionContext): Promise<Place> {
  const facts = await sceneOf(t, 'not-healthy');
  const time = (ms: number) => BigInt(nowMs - ms);
  send(facts, nowMs - 4 * minuteMs, { case: 'hello', value: { bootId: 'start-7', agentVersion: '0.1.0' } });
  const sinceMs = time(20 * minuteMs);
  report(facts, 1, {
    case: 'state',
    value: {
      observedAtMs: time(3 * minuteMs),
      epoch: 1,
      generation: 2,
      applied: true,
      conditions: [{ code: 'NotHealthy', count: 1, sinceMs }],
      health: [{ index: 0, reason: 'ContainerCrashLooping', sinceMs }],
      components: [{ index: 1, applied: true, healthy: true, objects: 2 }],
    },
  });
  const measures = [{ name: 'memory.available', value: 10_307_921_510n, source: '/proc/meminfo' }];
  report(facts, 2, { case: 'host', value: { observedAtMs: time(3 * minuteMs), measures } });
  for (const ago of [60, 30, 0]) {
    const [sentAtMs, observedAtMs] = [time(ago * 1_000), time(ago * 1_000 + 9_000)];
    const value = { sentAtMs, observedAtMs, healthObservedAtMs: observedAtMs };
    send(facts, nowMs - ago * 1_000, { case: 'heartbeat', value });
  }
  return agentWith(t, facts);
}

test('golden: ledger', async (t) => {
  const place = await talkative(t);
  await compare(t, { name: 'ledger', args: ['ledger'], place });
  await compare(t, { name: 'ledger-summary', args: ['ledger', '--summary'], place });
});

test('golden: the list of a support bundle, before it is written', async (t) => {
  const place = await agentWith(t, await sceneOf(t, 'refused'));
  await compare(t, {
    name: 'support-bundle',
    args: ['support-bundle', '--out', '/nowhere/support.tar.gz'],
    place,
    // Versions and names of processors differ in length.
    settled: (text) => text.replaceAll(/\d(?=\d* bytes)/g, '9'),
  });
});
