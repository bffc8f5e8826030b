// A process for the crash test: queues results and acknowledges some of them, as fast as it can, until it is killed.
// Prints one line after each call has returned: what was promised by then must be true after the kill.
import { writeSync } from 'node:fs';
import { argv } from 'node:process';
import { openStore } from '../../../agent/store/store.ts';

const [folder = '', boot = '', first = '0'] = argv.slice(2);
const { outbox } = await openStore(folder, boot, 0);
for (let body = Number(first); ; body += 1) {
  const sequence = outbox.queue('result', Buffer.from(String(body)));
  writeSync(1, `queued ${sequence} ${body}\n`);
  const row = outbox.after(0, 1)[0];
  if (body % 3 !== 0 || row === undefined) continue;
  writeSync(1, `acknowledging ${row.bootId} ${row.sequence}\n`);
  outbox.acknowledge(row.bootId, row.sequence);
}
