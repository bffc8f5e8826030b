// A proxy as the environment names it: what its user and password may be made of, who gets them, and whose fault it is when
// it reaches nobody.
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import test from 'ava';
import type { Chart, Look, Tools } from '../../../agent/doctor/hop.ts';
import { lookAtProxy } from '../../../agent/doctor/look-proxy.ts';
import { doctorTools } from '../../support/doctor-tools.ts';
import { loopbackIdentity } from '../../support/loopback-certificate.ts';
import { closedPort, listenOn } from '../../support/odd-servers.ts';

/** A look through this proxy at a control plane that nobody reaches. */
async function looked(environment: Tools['environment']): Promise<Look> {
  const site = { address: `127.0.0.1:${await closedPort()}` } as Chart['site'];
  return lookAtProxy.look({ site, addresses: ['127.0.0.1'] }, doctorTools({ environment }));
}

/** Answers every CONNECT so, and keeps who asked. */
function answering(server: Server, status: string): readonly string[] {
  const proofs: string[] = [];
  server.on('connect', ({ headers }, socket) => {
    proofs.push(headers['proxy-authorization'] ?? '');
    socket.end(`HTTP/1.1 ${status}\r\n\r\n`);
  });
  return proofs;
}

const credentials = test.macro({
  title: (_given, written: string) => `the proxy is asked as ${written}`,
  async exec(t, written: string, meant: string) {
    await using stack = new AsyncDisposableStack();
    const server = createServer();
    const proofs = answering(server, '200 Connection established');
    const proxy = await listenOn(server, stack);
    const look = await looked({ HTTPS_PROXY: `http://${written}@127.0.0.1:${proxy}` });
    t.is(look.findings[0]?.code, 'PROXY_NEEDED');
    t.deepEqual(proofs, [`Basic ${Buffer.from(meant).toString('base64')}`]);
    t.notRegex(JSON.stringify(look), /ward/);
  },
});

test(credentials, 'ward:p%40ss', 'ward:p@ss');
test(credentials, 'ward:50%', 'ward:50%');

const unread = test.macro({
  title: (_given, written: string) => `nothing is shown of ${written}, and nobody is asked`,
  async exec(t, written: string) {
    const look = await looked({ HTTPS_PROXY: written });
    t.deepEqual(look.findings, []);
    t.is(look.facts, 'HTTPS_PROXY names none that speaks HTTP; tre-agent uses none');
  },
});

test(unread, 'http://ward:50#x@127.0.0.1:9');
test(unread, 'http://ward:12/x@127.0.0.1:9');
test(unread, 'http://ward:12?x@127.0.0.1:9');
test(unread, 'http://HOSPITAL\\ward:x@127.0.0.1:9');
test(unread, 'http://ward:x@127.0.0.1:port');
test(unread, 'socks5://ward:x@127.0.0.1:9');

test('a password is sent over TLS where TLS is asked for, and to nobody who is not trusted', async (t) => {
  await using stack = new AsyncDisposableStack();
  const plain: Buffer[] = [];
  const server = createTlsServer(await loopbackIdentity());
  server.on('connection', (socket) => socket.on('data', (bytes: Buffer) => plain.push(bytes)));
  const proofs = answering(server, '200 Connection established');
  const proxy = await listenOn(server, stack);
  const look = await looked({ HTTPS_PROXY: `https://ward:secret@127.0.0.1:${proxy}` });
  t.like(look.findings[0], { code: 'PROXY_UNREACHABLE' });
  t.regex(look.facts, /self-signed certificate/);
  t.deepEqual(proofs, []);
  t.notRegex(Buffer.concat(plain).toString('latin1'), /CONNECT|Basic/);
});

test('a proxy that reaches the control plane no more than we do is not to blame', async (t) => {
  await using stack = new AsyncDisposableStack();
  const server = createServer();
  answering(server, '503 Service Unavailable');
  const proxy = await listenOn(server, stack);
  const look = await looked({ HTTPS_PROXY: `http://127.0.0.1:${proxy}` });
  t.deepEqual(look.findings, []);
  t.is(look.facts, `HTTPS_PROXY is 127.0.0.1:${proxy}; it does not reach the control plane either (503)`);
  t.is(look.learned?.direct?.[0]?.kind, 'refused');
});
