// A program of its own, started for a second by inspect-hardware.ts: asks the library systeminformation what the machine is
// made of and prints some of the answers as one line of JSON. Invariants: never root while it asks, since the library
// starts shells; only functions that take nothing from outside and ask nobody on the network; of their answers only the
// fields named here leave this process, none of which names the machine. Reads neither arguments nor environment.
import { exit, getuid, setgid, setgroups, setuid, stdout } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import {
  baseboard,
  bios,
  blockDevices,
  cpu,
  diskLayout,
  graphics,
  mem,
  memLayout,
  system,
} from 'systeminformation';

/** The user and group nobody of every common Linux. */
const nobody = 65_534;
/** What has not answered by then is left out; whoever started us waits a little longer. */
const deadlineMs = 15_000;

type Fields = readonly string[];

const questions: readonly (readonly [name: string, ask: () => Promise<unknown>, fields: Fields])[] = [
  ['cpu', () => cpu(), ['manufacturer', 'brand', 'cores', 'physicalCores']],
  ['mem', () => mem(), ['total']],
  ['memLayout', () => memLayout(), ['size', 'type']],
  ['diskLayout', () => diskLayout(), ['size', 'type']],
  ['blockDevices', () => blockDevices(), ['name', 'size', 'type', 'physical']],
  ['graphics', async () => (await graphics()).controllers, ['vendor', 'model']],
  ['system', () => system(), ['manufacturer', 'model']],
  ['baseboard', () => baseboard(), ['manufacturer', 'model']],
  ['bios', () => bios(), ['vendor', 'version']],
];

await main();

async function main(): Promise<void> {
  becomeNobody();
  const late = delay(deadlineMs);
  const answers = await Promise.all(
    questions.map(async ([name, ask, fields]) => [
      name,
      pick(await Promise.race([quietly(ask), late]), fields),
    ]),
  );
  stdout.write(`${JSON.stringify(Object.fromEntries(answers))}\n`, () => exit(0));
}

/** Throws, and so ends the process, when root cannot be given up. */
function becomeNobody(): void {
  if (getuid?.() !== 0) return;
  setgroups?.([]);
  setgid?.(nobody);
  setuid?.(nobody);
}

async function quietly(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask();
  } catch {
    return undefined;
  }
}

/** These fields of an object, or of each object of a list. */
function pick(answer: unknown, fields: Fields): unknown {
  if (Array.isArray(answer)) return answer.map((item: unknown) => pick(item, fields));
  if (typeof answer !== 'object' || answer === null) return undefined;
  return Object.fromEntries(Object.entries(answer).filter(([field]) => fields.includes(field)));
}
