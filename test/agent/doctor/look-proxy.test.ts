// A proxy as the environment names it: what its user and password may be made of.
import { createServer } from 'node:http';
import test from 'ava';
import type { Chart, Tools } from '../../../agent/doctor/hop.ts';
import { lookAtProxy } from '../../../agent/doctor/look-proxy.ts';
import { systemClock } from '../../../daemon/clock.ts';
import { closedPort, listenOn } from '../../support/odd-servers.ts';

const credentials = test.macro({
  title: (_given, written: string) => `the proxy is asked as ${written}`,
  async exec(t, written: string, meant: string) {
    await using stack = new AsyncDisposableStack();
    const proofs: string[] = [];
    const server = createServer().on('connect', ({ headers }, socket) => {
      proofs.push(headers['proxy-authorization'] ?? '');
      socket.end('HTTP/1.1 200 Connection established\r\n\r\n');
    });
    const proxy = await listenOn(server, stack);
    const site = { address: `127.0.0.1:${await closedPort()}` } as Chart['site'];
    const tools: Tools = {
      clock: systemClock,
      environment: { HTTPS_PROXY: `http://${written}@127.0.0.1:${proxy}` },
      flags: {},
      timeoutMs: 2_000,
      keepOpenMs: 1,
      signal: new AbortController().signal,
    };
    const look = await lookAtProxy.look({ site, addresses: ['127.0.0.1'] }, tools);
    t.is(look.findings[0]?.code, 'PROXY_NEEDED');
    t.deepEqual(proofs, [`Basic ${Buffer.from(meant).toString('base64')}`]);
    t.notRegex(JSON.stringify(look), /ward/);
  },
});

test(credentials, 'ward:p%40ss', 'ward:p@ss');
test(credentials, 'ward:50%', 'ward:50%');
