// The commands of the person on site against a real socket and a real store: words, exit codes, and JSON that fits its schema.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import test, { type ExecutionContext } from 'ava';
import type { LocalContext } from '../../../agent/local/command-context.ts';
import type { ExplainedCode } from '../../../agent/local/explain-command.ts';
import { ledgerLines } from '../../../agent/local/ledger-lines.ts';
import type { LocalFacts } from '../../../agent/local/local-facts.ts';
import { outputSchemas } from '../../../agent/local/output-schemas.ts';
import { shutDown } from '../../../agent/local/shutdown.ts';
import { statusOf } from '../../../agent/local/status.ts';
import { changeKey, changesOf } from '../../../agent/local/watch.ts';
import { openStore } from '../../../agent/store/store.ts';
import { environment } from '../../../daemon/config.ts';
import { systemExec } from '../../../daemon/exec.ts';
import { programs } from '../../../dev/start/commands.ts';
import { outgoingCopy } from '../../../proto/egress.ts';
import { BeginRequestSchema } from '../../../proto/gen/tre/v1/enrolment_pb.ts';
import { ReportBodySchema, SyncRequestSchema } from '../../../proto/gen/tre/v1/sync_pb.ts';
import { misfits } from '../../support/fits-schema.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { agentWith, localCommands, treAgent } from '../../support/on-site.ts';
import { scratch } from '../../support/scratch.ts';
import { nowMs, scenes } from './scenes.ts';

const nobody = { socket: '/nowhere/agent.sock' };

async function scene(t: ExecutionContext, name: string): Promise<LocalFacts> {
  const make = scenes[name];
  if (make === undefined) throw new Error(`there is no scene ${name}`);
  return make(t);
}

function fits(t: ExecutionContext, command: string, text: string): unknown {
  const value: unknown = JSON.parse(text);
  t.deepEqual(misfits(value, outputSchemas[command] ?? {}), [], command);
  return value;
}

test('status: its exit code, its screen and its JSON, in every situation', async (t) => {
  for (const name of Object.keys(scenes)) {
    const facts = await scene(t, name);
    const agent = await agentWith(t, facts);
    const { isRed, verdict } = statusOf(facts);
    const isBad = isRed || name === 'last-looked-long-ago';
    const shown = await treAgent(agent, ['status']);
    t.is(shown.code, isBad ? 1 : 0, name);
    t.true(shown.stdout.startsWith(`${verdict.word}: `), name);
    const json = await treAgent(agent, ['status', '-o', 'json']);
    t.is(json.code, isBad ? 1 : 0, name);
    fits(t, 'status', json.stdout);
  }
});

test('status without an agent says so and what to do, and ends with 4', async (t) => {
  const shown = await treAgent(nobody, ['status']);
  t.is(shown.code, 4);
  t.is(shown.stdout, '');
  t.regex(shown.stderr, /^AGENT_NOT_RUNNING: No agent answers on this machine\.\n {2}Start tre-agent/);
});

test('a schema is printed for whatever prints JSON', async (t) => {
  for (const command of Object.keys(outputSchemas)) {
    const { stdout, code } = await treAgent(nobody, ['schema', command]);
    t.is(code, 0);
    t.like(JSON.parse(stdout), { title: `tre-agent ${command} -o json` });
  }
  t.is((await treAgent(nobody, ['schema', 'nothing'])).code, 2);
  const printing = localCommands({} as LocalContext).commands.filter(({ options }) =>
    options.some(({ long }) => long === '--output'),
  );
  t.deepEqual(
    printing.map((command) => command.name()).toSorted(),
    [...new Set(Object.keys(outputSchemas).map((name) => name.split(' ')[0] ?? ''))].toSorted(),
  );
});

test('every command has a description and an example', (t) => {
  for (const command of localCommands({} as LocalContext).commands) {
    let help = '';
    command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
    t.regex(help, /Examples?:\n {2}\$ tre-agent /, command.name());
    t.regex(command.description(), /^[a-z].{10,}$/);
  }
});

test('what a watch shows: each change once, and the agent going away', async (t) => {
  const facts = await scene(t, 'green');
  const clock = manualClock();
  const at = (ms: number) => statusOf({ ...facts, nowMs: nowMs + ms });
  const [one, later] = [at(0), at(5_000)];
  const red = statusOf(await scene(t, 'not-healthy'));
  const away = 'AGENT_NOT_RUNNING' as const;
  const looks = [one, later, red, away, away, 'AGENT_SILENT' as const];
  const seen: unknown[] = [];
  const look = async () => looks[seen.push(0) - 1] ?? red;
  const changes: string[] = [];
  const watching = (async () => {
    for await (const status of changesOf(look, { clock, isEach: false })) {
      changes.push(typeof status === 'string' ? status : status.verdict.word);
      if (changes.length === 5) return;
    }
  })();
  for (let looked = 0; looked < 10; looked += 1) await clock.advance(1_000);
  await watching;
  t.deepEqual(changes, ['GREEN', 'RED', 'AGENT_NOT_RUNNING', 'AGENT_SILENT', 'RED']);
  t.is(changeKey(one), changeKey(later), 'time alone is no change');
});

test('watching with -o json prints a line per change', async (t) => {
  const agent = await agentWith(t, await scene(t, 'green'));
  const lines: string[] = [];
  let looks = 0;
  const clock = {
    ...manualClock(),
    sleep: async () => {
      looks += 1;
      if (looks === 2) await agent.leave();
      if (looks === 4) throw new Error('enough');
    },
  };
  const ran = await treAgent(agent, ['status', '--watch', '-o', 'json'], { clock });
  lines.push(...ran.stdout.trim().split('\n'));
  t.is(lines.length, 2);
  for (const line of lines) fits(t, 'status --watch', line);
  t.deepEqual(JSON.parse(lines[1] ?? ''), { error: 'AGENT_NOT_RUNNING' });
});

test('watching without a terminal prints a line per change that a line can show', async (t) => {
  let shown = await scene(t, 'held');
  const agent = await agentWith(t, shown, { facts: () => shown });
  let looks = 0;
  const clock = {
    ...manualClock(),
    sleep: async () => {
      looks += 1;
      // On the screen and in the JSON, not on the line.
      if (looks === 2) shown = { ...shown, version: '9.9.9' };
      if (looks === 4) await agent.leave();
      if (looks === 6) throw new Error('enough');
    },
  };
  const ran = await treAgent(agent, ['status', '--watch'], { clock });
  const lines = ran.stdout.trim().split('\n');
  t.is(lines.length, 2, ran.stdout);
  t.regex(lines[0] ?? '', /^\d{4}-\S+Z \w+: .*; now: HeldOnSite$/);
  t.regex(lines[1] ?? '', /NO AGENT: No agent answers/);
});

test('explain: any spelling, without an agent', async (t) => {
  for (const spelling of ['NotHealthy', 'nothealthy', 'NOT_HEALTHY', 'not-healthy']) {
    const { code, stdout } = await treAgent(nobody, ['explain', spelling]);
    t.is(code, 0);
    t.regex(stdout, /^NotHealthy \(condition, error\)\nWhat it is: +Something.*\nWhat to do: /);
  }
  const both = await treAgent(nobody, ['explain', 'site_revoked', '-o', 'json']);
  t.deepEqual(
    (fits(t, 'explain', both.stdout) as { kind: string }[]).map(({ kind }) => kind),
    ['condition', 'error'],
  );
  t.regex((await treAgent(nobody, ['explain', 'ContainerCrashLooping'])).stdout, /health reason, failed/);
});

test('explain: a code that is none names those that are near', async (t) => {
  const near = await treAgent(nobody, ['explain', 'NetwrokPolicyNotEnforced']);
  t.is(near.code, 2);
  t.regex(near.stderr, /^CODE_UNKNOWN: .*Did you mean NetworkPolicyNotEnforced/);
  t.notRegex((await treAgent(nobody, ['explain', 'zzzzzzzzzzzz'])).stderr, /Did you mean/);
});

test('explain: what the code has to do with this site; without one, all that holds', async (t) => {
  const agent = await agentWith(t, await scene(t, 'not-healthy'));
  const one = await treAgent(agent, ['explain', 'ContainerCrashLooping']);
  t.regex(one.stdout, /Here, now: +Deployment demo\/portal, since 2026-11-23 09:46 UTC: container\s+web/);
  t.regex((await treAgent(agent, ['explain', 'DiskFull'])).stdout, /Here, now: +it does not hold/);
  const all = await treAgent(agent, ['explain', '-o', 'json']);
  t.deepEqual(
    (fits(t, 'explain', all.stdout) as { code: string }[]).map(({ code }) => code),
    ['NotHealthy', 'HealthInProgress', 'ContainerCrashLooping', 'LessAvailable'],
  );
  t.is((await treAgent(nobody, ['explain'])).code, 2);
  const away = await agentWith(t, await scene(t, 'offline-for-days'));
  const held = fits(
    t,
    'explain',
    (await treAgent(away, ['explain', '-o', 'json'])).stdout,
  ) as ExplainedCode[];
  t.deepEqual(
    held.map(({ code, kind }) => `${code} ${kind}`),
    ['CertificateExpiring condition', 'ControlPlaneUnreachable condition', 'CONTROL_PLANE_UNREACHABLE error'],
  );
  t.deepEqual(
    held.filter(({ now }) => now?.length === 0),
    [],
    'of all that holds it is said how',
  );
  const foreign = await agentWith(t, await scene(t, 'foreign-authority'));
  const said = await treAgent(foreign, ['explain', 'ca_mismatch']);
  t.regex(
    said.stdout.replaceAll(/\s+/g, ' '),
    /Here, now: the control plane: .* issued by Proxy of the Trust/,
  );
  const calm = await agentWith(t, await scene(t, 'green'));
  t.is((await treAgent(calm, ['explain'])).stdout, 'Nothing is the matter: no condition holds now.\n');
});

test('hold and release-hold', async (t) => {
  const facts = await scene(t, 'green');
  const agent = await agentWith(t, facts);
  for (const time of ['30s', '0h', '31d', '721h', '8', 'long', ''])
    t.regex((await treAgent(agent, ['hold', '--for', time, '--why', 'w'])).stderr, /^HOLD_INVALID/, time);
  t.is((await treAgent(agent, ['hold', '--for', '8h'])).code, 2, 'a reason is needed');
  t.is((await treAgent(agent, ['hold', '--for', '8h', '--why', ' '])).code, 2);
  t.regex((await treAgent(agent, ['release-hold'])).stderr, /^NOT_HELD/);
  t.is(facts.store.holds.current(Date.now()), undefined);
  const held = await treAgent(agent, ['hold', '--for', '8h', '--why', 'ward round', '-o', 'json']);
  const { since, until, why } = fits(t, 'hold', held.stdout) as { since: string; until: string; why: string };
  t.is(Date.parse(until) - Date.parse(since), 8 * 3_600_000);
  t.is(why, 'ward round');
  t.regex((await treAgent(agent, ['hold', '--for', '30d', '--why', 'w'])).stdout, /^Held until /);
  t.is((await treAgent(agent, ['release-hold'])).stdout, 'Released: new releases are accepted again.\n');
  t.is((await treAgent(nobody, ['release-hold'])).code, 4);
});

function send(facts: LocalFacts, path: string, bytes: Uint8Array): void {
  const { name, body } = outgoingCopy(path, bytes);
  facts.store.ledger.add(name, body, nowMs);
}

const sync = '/tre.v1.SyncService/Sync';

/** A few messages, as they are sent. */
function sendSome(facts: LocalFacts): void {
  const empty = { case: 'report' as const, value: { rows: [{}] } };
  const report = toBinary(SyncRequestSchema, create(SyncRequestSchema, { message: empty }));
  const begin = create(BeginRequestSchema, { siteId: 's', token: 'join-token', csr: Buffer.from([1, 2]) });
  send(facts, '/tre.v1.EnrolmentService/Begin', toBinary(BeginRequestSchema, begin));
  for (let at = 0; at < 10; at += 1) send(facts, sync, report);
  for (let beat = 1; beat <= 30; beat += 1) {
    const message = { case: 'heartbeat', value: { sentAtMs: BigInt(nowMs + beat) } } as const;
    send(facts, sync, toBinary(SyncRequestSchema, create(SyncRequestSchema, { message })));
  }
  for (let at = 0; at < 15; at += 1) send(facts, sync, report);
}

test('ledger: the newest by itself, all with --since, every field once with --summary', async (t) => {
  const facts = await scene(t, 'green');
  sendSome(facts);
  const agent = await agentWith(t, facts);
  const usual = await treAgent(agent, ['ledger']);
  t.is(usual.stdout.match(/^2026-11-23 10:06:00 UTC {2}Report, 4 bytes$/gm)?.length, 20);
  t.is(usual.stdout.match(/^2026-11-23 10:06:00 UTC {2}Heartbeat, the last of 30, \d+ bytes$/gm)?.length, 1);
  t.regex(usual.stdout, / {2}heartbeat\.sent_at_ms = 2026-11-23T10:06:00\.030Z - time: when it was sent/);
  t.regex(usual.stdout, /50 of 56 messages that left this machine since 2026-11-23\./);
  const clock = { ...manualClock(), now: () => nowMs };
  const json = await treAgent(agent, ['ledger', '--since', '24h', '-o', 'json'], { clock });
  const lines = json.stdout.trim().split('\n');
  t.is(lines.length, 56);
  for (const line of lines) fits(t, 'ledger', line);
  const summary = await treAgent(agent, ['ledger', '--summary', '-o', 'json']);
  const rows = fits(t, 'ledger --summary', summary.stdout) as {
    field: string;
    value: unknown;
    times: number;
  }[];
  t.deepEqual(
    rows.map(({ field, value, times }) => [field, value, times]),
    [
      ['BeginRequest.csr', 'AQI=', 1],
      ['BeginRequest.site_id', 's', 1],
      ['BeginRequest.token', '(secret, not kept)', 1],
      ['Heartbeat.sent_at_ms', new Date(nowMs + 30).toISOString(), 30],
    ],
  );
  for (const flags of [
    ['--since', 'long'],
    ['--last', '0'],
    ['--last', 'all'],
  ])
    t.is((await treAgent(agent, ['ledger', ...flags])).code, 2, flags.join(' '));
});

test('ledger: what a number means here is said beside it, when that is known', async (t) => {
  const facts = await scene(t, 'green');
  const report = (generation: number) => {
    const value = {
      generation,
      components: [{ index: 1 }],
      health: [{ index: 0, reason: 'LessReady' }, { index: 1 }],
    };
    const body = toBinary(ReportBodySchema, create(ReportBodySchema, { body: { case: 'state', value } }));
    const message = { case: 'report' as const, value: { rows: [{ sequence: 1n, body }] } };
    send(facts, sync, toBinary(SyncRequestSchema, create(SyncRequestSchema, { message })));
  };
  report(2);
  report(1);
  const agent = await agentWith(t, facts);
  const [now, before] = (await treAgent(agent, ['ledger', '-o', 'json'])).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { fields: { path: string; knownAs?: string }[] });
  const known = (message: typeof now) =>
    message?.fields.flatMap(({ path, knownAs }) => (knownAs === undefined ? [] : [[path, knownAs]]));
  t.deepEqual(known(now), [
    ['report.rows[0].body.state.health[0].reason', 'Deployment demo/portal'],
    ['report.rows[0].body.state.health[1].index', 'Deployment demo/workspace'],
    ['report.rows[0].body.state.components[0].index', 'workspaces'],
  ]);
  t.deepEqual(known(before), [], 'of an earlier generation nothing is claimed');
});

test('ledger: without an agent, from the data folder', async (t) => {
  const data = scratch(t);
  const store = await openStore(data, 'boot', 0);
  sendSome({ ...(await scene(t, 'green')), store });
  await store[Symbol.asyncDispose]();
  const shown = await treAgent({ ...nobody, data }, ['ledger', '--last', '1']);
  t.is(shown.code, 0, shown.stderr);
  t.regex(shown.stdout, /1 of 56 messages/);
  t.is((await treAgent({ ...nobody, data: scratch(t) }, ['ledger'])).code, 4);
});

test('ledger: an agent that ends in the middle of its answer is said to, and no row is shown twice', async (t) => {
  const data = scratch(t);
  const store = await openStore(data, 'boot', 0);
  sendSome({ ...(await scene(t, 'green')), store });
  let lines = '';
  for await (const line of ledgerLines(store, { last: 3 })) lines += `${JSON.stringify(line)}\n`;
  await store[Symbol.asyncDispose]();
  const socket = join(scratch(t), 'agent.sock');
  const server = createServer((asker) => void asker.end(lines.slice(0, -10)));
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const shown = await treAgent({ socket, data }, ['ledger', '--last', '3', '-o', 'json']);
  t.is(shown.code, 4);
  const numbers = shown.stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { number: number }).number);
  t.is(new Set(numbers).size, numbers.length);
  t.true(numbers.length > 0);
});

test('support-bundle: listed first, written when agreed, without a name or a secret', async (t) => {
  const facts = await scene(t, 'refused');
  const agent = await agentWith(t, facts);
  const out = join(scratch(t), 'bundle.tar.gz');
  const refused = await treAgent(agent, ['support-bundle', '--out', out]);
  t.is(refused.code, 2, 'nobody is there to ask');
  t.regex(refused.stdout, /status\.json +\d+ bytes/);
  const no = await treAgent(agent, ['support-bundle', '--out', out], { ask: async () => '' });
  t.regex(no.stdout, /Nothing was written\.\n$/);
  t.throws(() => readFileSync(out), { code: 'ENOENT' });
  const yes = await treAgent(agent, ['support-bundle', '--out', out], { ask: async () => 'y' });
  t.is(yes.code, 0, yes.stderr);
  const names = execFileSync('tar', ['-tzf', out], { encoding: 'utf8' }).trim().split('\n');
  t.deepEqual(
    names,
    ['about', 'config', 'status', 'store'].map((name) => `tre-agent-support/${name}.json`),
  );
  const text = gunzipSync(readFileSync(out)).toString('utf8');
  t.regex(text, /"RELEASE_UNDER_SIGNED"/);
  t.regex(text, /"ObjectRefused"/);
  for (const word of ['north', 'demo', 'portal', 'example.org', 'Invalid value', 'nowhere', 'small-tre'])
    t.false(text.includes(word), word);
  t.is((await treAgent(agent, ['support-bundle', '--yes', '--out', out])).code, 1, 'nothing is overwritten');
  const alone = await treAgent(nobody, ['support-bundle', '--yes', '--out', `${out}2`]);
  t.is(alone.code, 0, alone.stderr);
});

test('support-bundle: a store that cannot be read is no reason to write none', async (t) => {
  const data = scratch(t);
  writeFileSync(
    join(data, 'state.db'),
    'this is no database, and long enough to be looked at as one'.repeat(20),
  );
  const out = join(scratch(t), 'bundle.tar.gz');
  const ran = await treAgent({ ...nobody, data }, ['support-bundle', '--yes', '--out', out]);
  t.is(ran.code, 0, ran.stderr);
  t.regex(gunzipSync(readFileSync(out)).toString('utf8'), /"AGENT_NOT_RUNNING",\s+"database-corrupt"/);
});

test('an agent that is there and says nothing is not said to be gone', async (t) => {
  const socket = join(scratch(t), 'agent.sock');
  const server = createServer(() => undefined).listen(socket);
  t.teardown(() => server.close());
  const { code, stdout } = await treAgent({ socket }, ['explain', 'NotHealthy']);
  t.is(code, 0);
  t.regex(stdout, /Here, now: +not known: The agent runs and does not answer\./);
  const without = await treAgent({ socket }, ['explain']);
  t.is(without.code, 4);
  t.regex(without.stderr, /^AGENT_SILENT: /);
});

test('shutdown: stops applying, sends what waits, ends, and says so', async (t) => {
  const facts = await scene(t, 'green');
  facts.store.outbox.queue('result', Buffer.from('x'));
  const steps: string[] = [];
  const agent = await agentWith(t, facts, {
    stopApplying: async () => void steps.push('stopped'),
    isConnected: () => {
      if (steps.push('asked') === 3) facts.store.outbox.acknowledge('boot', 1);
      return true;
    },
    end: () => {
      steps.push('end');
      setImmediate(() => void agent.leave());
    },
  });
  const { code, stdout } = await treAgent(agent, ['shutdown']);
  t.is(code, 0);
  t.is(steps[0], 'stopped');
  t.is(steps.at(-1), 'end');
  t.regex(
    stdout,
    /^Nothing is applied.*\nAll reports have been sent\.\nClosing the stores\.\nThe agent has ended\./,
  );
});

test('shutdown: reports that cannot be sent stay, and nobody waits for them', async (t) => {
  const facts = await scene(t, 'offline-for-days');
  const agent = await agentWith(t, facts, {
    isConnected: () => false,
    end: () => setImmediate(() => void agent.leave()),
  });
  const { stdout } = await treAgent(agent, ['shutdown']);
  t.regex(stdout, /1 report could not be sent for the control plane does not answer: kept on disk/);
  t.is(facts.store.outbox.waiting(), 1);
  t.is((await treAgent(nobody, ['shutdown'])).code, 4);
});

test('shutdown: goes on to its end when the person who asked has gone', async (t) => {
  const facts = await scene(t, 'green');
  const begun = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const stopApplying = () => {
    begun.resolve();
    return asked.promise;
  };
  const agent = await agentWith(t, facts, { stopApplying, end: ended.resolve });
  const socket = connect(agent.socket, () => socket.write('{"command":"shutdown"}\n'));
  await begun.promise;
  socket.destroy();
  await setTimeout(50);
  asked.resolve();
  const late = setTimeout(5_000, 'the agent neither applies nor ends', { ref: false });
  t.is(await Promise.race([ended.promise, late]), undefined);
});

test('shutdown: ends also when applying cannot be stopped', async (t) => {
  const facts = await scene(t, 'green');
  const ended = Promise.withResolvers<void>();
  const stopApplying = () => Promise.reject(new Error('never thought of'));
  const agent = await agentWith(t, facts, { stopApplying, end: ended.resolve });
  t.is((await treAgent(agent, ['shutdown'])).code, 1);
  await ended.promise;
});

test('shutdown: ends also when what is being applied comes to no end', async (t) => {
  const clock = manualClock();
  const ended = Promise.withResolvers<void>();
  const never = new Promise<void>(() => undefined);
  const deps = { stopApplying: () => never, waiting: () => 0, isConnected: () => true, clock };
  const steps: string[] = [];
  const telling = (async () => {
    for await (const { step } of shutDown({ ...deps, end: ended.resolve })) steps.push(step);
  })();
  await clock.advance(20_000);
  await telling;
  await ended.promise;
  t.deepEqual(steps, ['reports', 'ending'], 'it is not said that nothing is applied any more');
});

test('a user who may not ask the agent is told so, and not that none runs', async (t) => {
  const { socket } = await agentWith(t, await scene(t, 'green'));
  chmodSync(socket, 0o000);
  // File modes bind root too without these two rights.
  const drop = '-dac_override,-dac_read_search';
  const bound = process.getuid?.() === 0 ? ['setpriv', `--bounding-set=${drop}`, `--inh-caps=${drop}`] : [];
  const run = (...args: readonly string[]) => {
    const [program, ...more] = [...bound, process.execPath];
    const rest = [...more, programs.agent, ...args, '--socket', socket];
    return systemExec(environment()).run(program, rest, { timeoutMs: 30_000 });
  };
  const status = await run('status');
  t.is(status.code, 3);
  t.regex(
    status.stderr,
    /^SOCKET_FORBIDDEN: This user may not ask the agent\.\n {2}Run this command as root/,
  );
  const watched = await run('status', '--watch');
  t.is(watched.code, 3, 'that does not pass by itself');
  const hold = await run('hold', '--for', '8h', '--why', 'w');
  t.is(hold.code, 3);
  t.regex(hold.stderr, /^SOCKET_FORBIDDEN: /);
  const explained = await run('explain', 'NotHealthy');
  t.is(explained.code, 0);
  t.regex(explained.stdout, /not known: This user may not ask the agent\./);
});
