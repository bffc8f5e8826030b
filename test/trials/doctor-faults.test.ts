// `tre-agent doctor` against faults injected with real parts: it names the hop and the cause and says what to do. The table
// of all faults, what was found and how long it took is printed at the end.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { errorChain } from '../../daemon/errors.ts';
import { agentFaults, heldSite, startAgent } from '../support/doctor-agent-faults.ts';
import { type Bench, type Fault, type Need, openBench } from '../support/doctor-bench.ts';
import { clusterFaults } from '../support/doctor-cluster-faults.ts';
import { machineFaults } from '../support/doctor-machine-faults.ts';
import { networkFaults, proxyPassword } from '../support/doctor-network-faults.ts';
import { brokenNode, lastFaults, nodeFaults } from '../support/doctor-node-faults.ts';
import { type Examined, examine, mayMakeNamespaces } from '../support/doctor-patient.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';

const kubernetes = sharedKubernetes({ node: true });
const atOnce = 3;
/** Of the faults that this machine can inject, this share must be named with their cause: 38 of 40. */
const namedShare = 0.95;
/** So many there are, also where not all of them can be injected. */
const fewestFaults = 40;
/** With the short times that the faults are looked at with: the bound of the doctor is 39 s then. */
const longestSeconds = 45;
/** Of one test; a machine that does much else needs some minutes. */
const phaseMs = 280_000;

interface Outcome {
  readonly fault: Fault;
  /** Undefined when the fault could not be injected or the doctor said nothing. */
  readonly examined: Examined | undefined;
  readonly trouble: string;
}

const outcomes: Outcome[] = [];
const leftOut: Fault[] = [];
let opened: Bench | undefined;
let faultsOfAgent: readonly Fault[] = [];
let killing: Promise<void> = Promise.resolve();

test.after.always('the bench is cleared', async () => opened?.[Symbol.asyncDispose]());

function bench(): Bench {
  if (opened === undefined) throw new Error('the bench is not there');
  return opened;
}

test.serial('where nothing is broken, every hop is well and the exit code is 0', async (t) => {
  t.timeout(phaseMs);
  opened = await openBench(kubernetes());
  const running = await startAgent(opened);
  const { report, exitCode } = await examine(patient({ flags: running.flags }), bench().folder());
  t.deepEqual(
    report.hops.filter(({ state }) => state !== 'ok'),
    [],
  );
  t.true(report.ok);
  t.is(exitCode, 0);
  faultsOfAgent = agentFaults(running);
});

test.serial(
  'a half of the network that is lost is said and breaks nothing, and the clocks were compared',
  async (t) => {
    t.timeout(phaseMs);
    if (!(await mayMakeNamespaces())) {
      t.pass('this user may not make namespaces');
      return;
    }
    const hosts = join(bench().folder(), 'hosts');
    writeFileSync(hosts, '::1 localhost\n127.0.0.1 localhost\n');
    const setup = [`mount --bind ${hosts} /etc/hosts`];
    const { report } = await examine(patient({ flags: await bench().machine(), setup }), bench().folder());
    const facts = Object.fromEntries(report.hops.map((hop) => [hop.name, hop.facts]));
    t.regex(facts['connection'] ?? '', /^127\.0\.0\.1 reaches 127\.0\.0\.1 port \d+, but not ::1$/);
    t.regex(facts['control plane'] ?? '', /^answers and accepts this site; the clocks agree;/);
  },
);

test.serial('faults of the agent', async (t) => {
  t.timeout(phaseMs);
  await inOrder([heldSite, ...faultsOfAgent, brokenNode]);
  t.pass();
});

test.serial('faults of the machine and the network, while the parts of the node are killed', async (t) => {
  t.timeout(phaseMs);
  killing = inOrder(await injectable(nodeFaults));
  await severalAtOnce(await injectable([...machineFaults, ...networkFaults]));
  t.pass();
});

test.serial('faults of the cluster', async (t) => {
  t.timeout(phaseMs);
  await severalAtOnce(await injectable(clusterFaults));
  await killing;
  await inOrder(lastFaults(kubernetes()));
  // What was halted goes on before Kubernetes is told to end.
  await bench().stack.disposeAsync();
  t.pass();
});

/** What this machine and this user cannot inject is left out, and said at the end. */
async function injectable(faults: readonly Fault[]): Promise<Fault[]> {
  const isHere: Readonly<Record<Need, boolean>> = {
    namespaces: await mayMakeNamespaces(),
    'a real node': kubernetes().realNode !== null,
  };
  const canBe = ({ needs }: Fault): boolean => needs === undefined || isHere[needs];
  leftOut.push(...faults.filter((fault) => !canBe(fault)));
  return faults.filter(canBe);
}

async function severalAtOnce(queue: Fault[]): Promise<void> {
  await Promise.all(Array.from({ length: atOnce }, () => fromQueue(queue)));
}

async function fromQueue(queue: Fault[]): Promise<void> {
  for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) await suffer(fault);
}

async function inOrder(faults: readonly Fault[]): Promise<void> {
  for (const fault of faults) await suffer(fault);
}

async function suffer(fault: Fault): Promise<void> {
  try {
    const injected = patient(await fault.inject(bench()));
    outcomes.push({ fault, examined: await examine(injected, bench().folder()), trouble: '' });
  } catch (error) {
    outcomes.push({ fault, examined: undefined, trouble: errorChain(error) });
  }
}

function patient(injected: Awaited<ReturnType<Fault['inject']>>) {
  return { ...injected, flags: { timeout: '3s', 'keep-open': '800ms', ...injected.flags } };
}

test.serial('38 of 40 faults are named with their cause, and every message says what to do', (t) => {
  for (const outcome of outcomes) t.log(line(outcome));
  const named = outcomes.filter(isNamed).length;
  for (const { name, needs } of leftOut) t.log(`${name.padEnd(52)} left out: it needs ${needs}`);
  t.log(`${named} of ${outcomes.length} named, ${leftOut.length} left out`);
  t.true(named >= outcomes.length * namedShare);
  t.true(outcomes.length + leftOut.length >= fewestFaults);
  for (const outcome of outcomes) {
    t.deepEqual(otherErrors(outcome), [], outcome.fault.name);
    if (outcome.examined !== undefined) saysWhatToDo(t, outcome.fault, outcome.examined);
  }
});

function saysWhatToDo(t: ExecutionContext, { name, code, firewall }: Fault, examined: Examined): void {
  const { report, exitCode, seconds } = examined;
  t.is(exitCode, report.ok ? 0 : 1, name);
  t.true(seconds < longestSeconds, name);
  t.false(JSON.stringify(report).includes(proxyPassword), name);
  for (const finding of report.hops.flatMap(({ findings }) => findings)) {
    t.regex(finding.next, /^\S.{10,}\.$/, name);
    // Whoever is sent to the people of the firewall has their line in hand, and nobody else has one.
    t.is(
      finding.firewall !== null,
      /firewall line|bypass of this host/.test(finding.next),
      `${name}: ${finding.code}`,
    );
    const line = finding.code === code ? (firewall ?? anyLine) : anyLine;
    if (finding.firewall !== null) t.regex(finding.firewall, line, name);
  }
}

const anyLine =
  /^allow (?:TCP|UDP and TCP) from this machine(?: \(\S+\))? to \S.* port \d+(?:, TLS not inspected)?$/;

function firstBroken({ examined, fault }: Outcome) {
  const hops = examined?.report.hops ?? [];
  const isOfFault = ({ name }: { readonly name: string }) => [fault.hop].flat().some((hop) => hop === name);
  const isConsequence = (code: string) => fault.also?.some((one) => one === code) ?? false;
  const broken = hops.find(
    (hop) =>
      hop.state === 'not ok' && (isOfFault(hop) || !hop.findings.every(({ code }) => isConsequence(code))),
  );
  // What is only good to know breaks nothing.
  return broken ?? hops.find(isOfFault);
}

/** Errors that nobody injected: the missing parts of most benches are none. */
function otherErrors({ fault, examined }: Outcome): readonly string[] {
  const expected = new Set<string>([
    fault.code,
    ...(fault.also ?? []),
    'KUBECONFIG_MISSING',
    'AGENT_NOT_RUNNING',
  ]);
  const errors = (examined?.report.hops ?? [])
    .flatMap(({ findings }) => findings)
    .filter(({ severity, code }) => severity === 'error' && !expected.has(code));
  return errors.map(({ code }) => code);
}

function isNamed(outcome: Outcome): boolean {
  const { hop, code } = outcome.fault;
  const found = firstBroken(outcome);
  return (
    found !== undefined &&
    [hop].flat().includes(found.name) &&
    found.findings.some((one) => one.code === code)
  );
}

function line(outcome: Outcome): string {
  const { fault, examined, trouble } = outcome;
  const hop = firstBroken(outcome);
  const found = `${hop?.name ?? 'nothing'}: ${hop?.findings.map(({ code }) => code).join(', ') ?? trouble}`;
  const wanted = isNamed(outcome)
    ? ''
    : `  WANTED ${String(fault.hop)}: ${fault.code} ${JSON.stringify(hop)}`;
  const others = otherErrors(outcome).join(', ');
  return `${fault.name.padEnd(52)} ${found.padEnd(45)} ${(examined?.seconds ?? 0).toFixed(1)} s ${others}${wanted}`;
}
