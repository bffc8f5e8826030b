// `tre-agent doctor` against faults injected with real parts: it names the hop and the cause and says what to do. The table
// of all faults, what was found and how long it took is printed at the end.
import test, { type ExecutionContext } from 'ava';
import { errorChain } from '../../daemon/errors.ts';
import { agentFaults, heldSite, startAgent } from '../support/doctor-agent-faults.ts';
import { type Bench, type Fault, openBench } from '../support/doctor-bench.ts';
import { clusterFaults } from '../support/doctor-cluster-faults.ts';
import { machineFaults } from '../support/doctor-machine-faults.ts';
import { networkFaults } from '../support/doctor-network-faults.ts';
import { brokenNode, lastFaults, nodeFaults } from '../support/doctor-node-faults.ts';
import { type Examined, examine, mayMakeNamespaces } from '../support/doctor-patient.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';

const kubernetes = sharedKubernetes({ node: true });
const atOnce = 3;
/** Of all faults, this share must be named with their cause. */
const namedShare = 0.95;
const fewestFaults = 40;
/** Of one test; a machine that does much else needs some minutes. */
const phaseMs = 280_000;

interface Outcome {
  readonly fault: Fault;
  /** Undefined when the fault could not be injected or the doctor said nothing. */
  readonly examined: Examined | undefined;
  readonly trouble: string;
}

const outcomes: Outcome[] = [];
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

test.serial('faults of the agent', async (t) => {
  t.timeout(phaseMs);
  await inOrder([heldSite, ...faultsOfAgent, brokenNode]);
  t.pass();
});

test.serial('faults of the machine and the network, while the parts of the node are killed', async (t) => {
  t.timeout(phaseMs);
  const hasNamespaces = await mayMakeNamespaces();
  if (!hasNamespaces) t.log('this user may not make namespaces: faults that need some are left out');
  const { realNode } = kubernetes();
  if (realNode === null) t.log('there is no real node: what kills its parts is left out');
  killing = inOrder(realNode === null ? [] : nodeFaults(realNode));
  const faults = [...machineFaults, ...networkFaults];
  await severalAtOnce(faults.filter(({ isolated = false }) => hasNamespaces || !isolated));
  t.pass();
});

test.serial('faults of the cluster', async (t) => {
  t.timeout(phaseMs);
  await severalAtOnce([...clusterFaults]);
  await killing;
  await inOrder(lastFaults(kubernetes()));
  // What was halted goes on before Kubernetes is told to end.
  await bench().stack.disposeAsync();
  t.pass();
});

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
  t.log(`${named} of ${outcomes.length} named`);
  t.true(named >= outcomes.length * namedShare);
  t.true(outcomes.length >= fewestFaults);
  for (const { examined, fault } of outcomes) if (examined !== undefined) saysWhatToDo(t, fault, examined);
});

function saysWhatToDo(t: ExecutionContext, { name }: Fault, { report, exitCode }: Examined): void {
  t.is(exitCode, report.ok ? 0 : 1, name);
  for (const { findings } of report.hops)
    for (const { text, next } of findings) t.true(text.length > 0 && next.length > 0, name);
}

function firstBroken({ examined, fault }: Outcome) {
  const hops = examined?.report.hops ?? [];
  // What is only good to know breaks nothing.
  return (
    hops.find(({ state }) => state === 'not ok') ?? hops.find(({ name }) => [fault.hop].flat().includes(name))
  );
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
  return `${fault.name.padEnd(50)} ${found.padEnd(45)} ${(examined?.seconds ?? 0).toFixed(1)} s${wanted}`;
}
