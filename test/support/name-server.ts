// A name server of the test's own, for a namespace where 127.0.0.1 port 53 is free: gives every question the same answer
// and runs a command meanwhile, with whose exit code it ends. `name-server.ts ANSWER COMMAND...`, where ANSWER is an
// IPv4 address, nxdomain, servfail, refused, or silent. Started by doctor-patient.ts.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import process from 'node:process';
import { systemExec } from '../../daemon/exec.ts';

const dnsPort = 53;
const responseCodes: Readonly<Record<string, number>> = { servfail: 2, nxdomain: 3, refused: 5 };
const typeA = 1;

const [answer = '', command = '', ...args] = process.argv.slice(2);
const server = createSocket('udp4');
server.on('message', (question, from) => {
  const reply = replyTo(question);
  if (reply !== undefined) server.send(reply, from.port, from.address);
});
server.bind(dnsPort, '127.0.0.1');
await once(server, 'listening');
const { code, stdout, stderr } = await systemExec(process.env).run(command, args);
process.stdout.write(stdout);
process.stderr.write(stderr);
server.close();
process.exitCode = code ?? 1;

function replyTo(question: Buffer): Buffer | undefined {
  if (answer === 'silent') return undefined;
  const end = question.indexOf(0, 12) + 5;
  const type = question.readUInt16BE(end - 4);
  const code = responseCodes[answer] ?? 0;
  const hasAddress = code === 0 && type === typeA;
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(hasAddress ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  const record = Buffer.from([0xc0, 12, 0, typeA, 0, 1, 0, 0, 0, 60, 0, 4, ...answer.split('.').map(Number)]);
  return Buffer.concat([head, question.subarray(12, end), ...(hasAddress ? [record] : [])]);
}
