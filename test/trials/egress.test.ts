// Nothing leaves that should not, and everything that leaves is in the ledger. Ten thousand messages of a site in which fifty
// markers are planted wherever a cluster, a person or a machine can put them; real TLS, real files, a control plane that keeps
// what arrives. Then the ledger and the support bundle as the commands print them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { gunzipSync } from 'node:zlib';
import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import test, { type ExecutionContext } from 'ava';
import { readJoinFile } from '../../agent/intake/join.ts';
import { Session } from '../../agent/intake/run-session.ts';
import { fieldsOf } from '../../agent/local/ledger-fields.ts';
import { screenOf } from '../../agent/local/screen.ts';
import { statusOf } from '../../agent/local/status.ts';
import { queueHost } from '../../agent/report/host-report.ts';
import { Reporter } from '../../agent/report/reporter.ts';
import type { SideFacts } from '../../agent/report/side-facts.ts';
import type { LedgerEntry } from '../../agent/store/ledger.ts';
import { type AgentStore, openStore } from '../../agent/store/store.ts';
import { systemClock } from '../../daemon/clock.ts';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import { createLog } from '../../daemon/log.ts';
import { systemRandom } from '../../daemon/random.ts';
import { programs } from '../../dev/start/commands.ts';
import { secretMark } from '../../proto/egress.ts';
import { ReportBodySchema, type SyncRequest, SyncRequestSchema } from '../../proto/gen/tre/v1/sync_pb.ts';
import { clusterUid, keysetOf, newSigner, siteId } from '../support/documents.ts';
import { eventually, inSeconds } from '../support/eventually.ts';
import { type ModelledControlPlane, modelledControlPlane } from '../support/modelled-control-plane.ts';
import { foundIn } from '../support/packed-forms.ts';
import { markers, plantedRun, plantedWanted } from '../support/planted.ts';
import { scratch } from '../support/scratch.ts';

const wantedMessages = 10_000;
const token = 'join-token-of-a-test';
const bootId = '019aaf00-0000-7000-8000-0000000000b0';
const random = systemRandom(systemClock);
const exec = systemExec(environment());

test.serial('ten thousand messages of a site full of markers', async (t) => {
  // Most of a minute of work, and more on a machine that has other work.
  t.timeout(10 * 60_000);
  const folder = scratch(t);
  const server = await modelledControlPlane();
  t.teardown(() => server[Symbol.asyncDispose]());
  const store = await openStore(folder, bootId, 0);
  const seen = await talk({ server, store });
  t.true(server.received.length >= wantedMessages, `${server.received.length} messages arrived`);

  const startedMs = systemClock.monotonic();
  const received = server.received.map(bytesOf);
  const arrived = Buffer.concat(received);
  t.deepEqual(foundIn(arrived, markers), [], 'no marker in any message');
  t.deepEqual(foundIn(Buffer.from(seen.log), markers), [], 'nor in the log of the session');
  const searchedMs = systemClock.monotonic();
  t.deepEqual(
    markers.filter((marker) => !seen.screens.includes(marker)),
    [],
    'the screen on site had them',
  );

  const ledger = everything(store);
  t.is(ledger.filter(({ message }) => message.endsWith('Request')).length, server.requests.length);
  checkLedger(t, received, ledger);
  const comparedMs = systemClock.monotonic();
  t.log(`${arrived.length} bytes searched in ${inSeconds(searchedMs - startedMs)}`);
  t.log(`${ledger.length} rows compared in ${inSeconds(comparedMs - searchedMs)}`);
  await store[Symbol.asyncDispose]();
  await checkCommands(t, folder, ledger.length);
});

interface Talk {
  readonly server: ModelledControlPlane;
  readonly store: AgentStore;
}

/** Runs a site until enough has left; its connection breaks now and then. */
async function talk({ server, store }: Talk) {
  const lines: string[] = [];
  const roots = { address: `localhost:${server.port}`, caDigest: server.caDigest, token };
  const trust = { director: newSigner('d').publicKey, keyset: keysetOf(1, newSigner('k')) };
  const file = { type: 'tre.join/v1', siteId, siteName: 'north', ...roots, ...trust };
  await readJoinFile(store, Buffer.from(JSON.stringify(file)), Date.now());
  const documentDigest = `sha256:${'e'.repeat(64)}`;
  const envelope = Buffer.from('{}');
  store.desired.commit({ wanted: plantedWanted, documentDigest, envelope, acceptedAtMs: Date.now() });
  const session = new Session({
    store,
    clock: systemClock,
    random,
    log: createLog({ level: 'debug', write: (line) => lines.push(line) }),
    bootId,
    agentVersion: '0.1.0',
    clusterUid: () => clusterUid,
    onVerdict: () => undefined,
    onClockOffset: () => undefined,
    policy: { baseMs: 5, capMs: 20, stableMs: 600_000 },
  });
  const stopping = new AbortController();
  const ended = session.run(stopping.signal);
  let side: SideFacts = {};
  const reporter = new Reporter(
    store,
    () => session.wake(),
    () => side,
  );
  const screens: string[] = [];
  for (let seed = 1; server.received.length < wantedMessages; seed += 1) {
    const planted = plantedRun(seed, Date.now());
    ({ side } = planted);
    reporter.report(planted.run, plantedWanted);
    if (queueHost(store.outbox, side)) session.wake();
    if (seed % 2_000 === 0) server.dropConnections();
    await eventually(() => store.outbox.waiting() === 0, {
      what: 'it is sent',
      timeoutMs: 20_000,
      intervalMs: 0,
    });
    if (seed % 100 !== 1) continue;
    const facts = { store, session: session.status(), last: reporter.last, side, version: '0.1.0' };
    screens.push(screenOf(statusOf({ ...facts, startedAtMs: 0, nowMs: Date.now() })), JSON.stringify(side));
  }
  stopping.abort();
  await ended;
  return { log: lines.join(''), screens: screens.join('\n') };
}

function bytesOf(message: SyncRequest['message']): Buffer {
  return Buffer.from(toBinary(SyncRequestSchema, create(SyncRequestSchema, { message })));
}

function everything(store: AgentStore): readonly LedgerEntry[] {
  return store.ledger.after(0, 0, 1_000_000);
}

/** What arrived is in the ledger, byte for byte and in order; what is there besides was on its way when a connection broke. */
function checkLedger(t: ExecutionContext, received: readonly Buffer[], ledger: readonly LedgerEntry[]): void {
  const sent = ledger.filter(({ message }) => !message.endsWith('Request'));
  let at = 0;
  for (const { body } of sent) if (received[at]?.equals(Buffer.from(body)) === true) at += 1;
  t.is(at, received.length, 'all that arrived is in the ledger, in order');
  t.true(sent.length - received.length <= 10, `${sent.length - received.length} were lost on the way`);
  const wrong = sent.filter(({ message, body }) => !isShown(message, body));
  t.deepEqual(
    wrong.slice(0, 3).map(({ message, body }) => fieldsOf(message, body, [])),
    [],
  );
}

/** Every field of the message is shown, and no other; with its class, and why it leaves. */
function isShown(message: LedgerEntry['message'], body: Uint8Array): boolean {
  const shown = fieldsOf(message, body, []);
  const leaves = leavesOf(unwrapped(fromBinary(SyncRequestSchema, body)));
  const comparables = (values: readonly unknown[]) => JSON.stringify(values.map(comparable).toSorted());
  return (
    comparables(shown.map(({ value }) => value)) === comparables(leaves) &&
    shown.every(({ class: kind, why }) => kind !== 'unknown' && why.length > 7)
  );
}

/** The message as JSON, by a way of its own: what the rows carry is decoded in place. */
function unwrapped(message: SyncRequest): unknown {
  const rows = message.message.case === 'report' ? message.message.value.rows : [];
  const bodies = rows.map(({ body }) => toJson(ReportBodySchema, fromBinary(ReportBodySchema, body)));
  const json = toJson(SyncRequestSchema, message) as { report?: { rows: { body?: unknown }[] } };
  for (const [at, row] of (json.report?.rows ?? []).entries()) row.body = bodies[at];
  return json;
}

function leavesOf(json: unknown): readonly unknown[] {
  if (typeof json !== 'object' || json === null) return [json];
  return Object.values(json).flatMap(leavesOf);
}

/** Times are shown as dates and sent as numbers. */
function comparable(value: unknown): string {
  const text = String(value);
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? String(Date.parse(text)) : text;
}

/** No agent runs here: the commands read the data folder. */
async function checkCommands(t: ExecutionContext, data: string, rows: number): Promise<void> {
  const places = ['--data', data, '--socket', join(data, 'none.sock')];
  const run = (...args: readonly string[]) =>
    exec.run(process.execPath, [programs.agent, ...args, ...places], {
      timeoutMs: 120_000,
      maxOutputBytes: 2 ** 28,
    });
  const newest = await run('ledger', '-o', 'json', '--last', '300');
  const others = newest.stdout.split('\n').filter((line) => line !== '' && !line.includes('"Heartbeat"'));
  t.is(others.length, 300, 'one line per message');
  const summary = await run('ledger', '--summary');
  t.true(summary.stdout.includes(`${rows} of ${rows} messages that left this machine`));
  t.false(summary.stdout.includes(token), 'the token is not kept');
  t.true(summary.stdout.includes(secretMark));
  t.regex(summary.stdout, /SiteState\.generation, \d+ times/);
  t.regex(summary.stdout, /BeginRequest\.token, 1 time, /);

  const out = join(data, 'bundle.tar.gz');
  const written = await run('support-bundle', '--yes', '--out', out);
  t.is(written.code, 0, written.stderr);
  t.true(written.stdout.indexOf('store.json') < written.stdout.indexOf('Written.'));
  const bundle = gunzipSync(readFileSync(out));
  t.true(bundle.includes('"lastSequence"'));
  const secrets = [...markers, token, 'localhost', data, 'north', 'BEGIN'];
  t.deepEqual(foundIn(bundle, secrets), [], 'no name and no secret in the bundle');
}
