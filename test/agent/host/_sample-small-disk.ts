// Run by a test in a mount namespace of its own with a small disk at the given folder: looks at it as the agent does while
// it is filled, nearly emptied and emptied, first with bytes, then with files. Prints the conditions of each look as JSON.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { measuresOf } from '../../../agent/host/measures-of.ts';
import { hostReader } from '../../../agent/host/read-host.ts';
import { type Held, judge } from '../../../agent/host/thresholds.ts';
import { systemClock } from '../../../daemon/clock.ts';

const [folder = ''] = process.argv.slice(2);
const read = hostReader(
  { proc: '/nowhere', sys: '/nowhere', data: folder, kubernetes: undefined },
  systemClock,
);
let held: Held = new Set();

async function look(): Promise<readonly string[]> {
  const raw = await read();
  const measures = measuresOf(raw, { isSynchronised: undefined, offsetMs: undefined }, undefined);
  const judged = judge(measures, held);
  held = judged.held;
  return judged.conditions.map(({ code }) => code);
}

/** Leaves this share of the disk free, in thousandths. */
async function leaveBytes(permille: number): Promise<void> {
  rmSync(join(folder, 'big'), { force: true });
  const { bsize, blocks, bavail } = await statfs(folder);
  const kept = Math.ceil((blocks * permille) / 1000);
  writeFileSync(join(folder, 'big'), Buffer.alloc((bavail - kept) * bsize));
}

async function leaveInodes(permille: number): Promise<void> {
  rmSync(join(folder, 'many'), { recursive: true, force: true });
  mkdirSync(join(folder, 'many'));
  const { files, ffree } = await statfs(folder);
  const made = ffree - Math.ceil((files * permille) / 1000);
  for (let index = 0; index < made; index += 1) writeFileSync(join(folder, 'many', String(index)), '');
}

const seen: Record<string, readonly string[]> = { empty: await look() };
for (const permille of [10, 25, 90, 110, 130]) {
  await leaveBytes(permille);
  seen[`bytes ${permille}`] = await look();
}
rmSync(join(folder, 'big'));
for (const permille of [10, 25, 90, 110, 130]) {
  await leaveInodes(permille);
  seen[`inodes ${permille}`] = await look();
}
process.stdout.write(JSON.stringify(seen));
