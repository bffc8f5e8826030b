// What may answer at the address of an API server, each with its own cause. The real one is looked at in the trials.
import test from 'ava';
import type { ClusterAccess } from '../../../agent/cluster/kubeconfig.ts';
import type { Finding } from '../../../agent/doctor/findings.ts';
import { lookAtApiServer } from '../../../agent/doctor/look-api-server.ts';
import { doctorTools } from '../../support/doctor-tools.ts';
import { loopbackIdentityAt } from '../../support/loopback-certificate.ts';
import {
  closedPort,
  http2,
  plainHttp,
  resetting,
  silent,
  stuck,
  tlsOnly,
} from '../../support/odd-servers.ts';

const dayMs = 86_400_000;
const found = test.macro({
  async exec(
    t,
    serve: (stack: AsyncDisposableStack) => Promise<Partial<ClusterAccess> & { readonly port: number }>,
    code: string,
    detail: RegExp,
  ) {
    await using stack = new AsyncDisposableStack();
    const { port, ...access } = await serve(stack);
    const server = new URL(`https://127.0.0.1:${port}`);
    const whole = { server, ca: null, serverName: null, certificate: null, credential: null, ...access };
    const [finding, ...others] = (await lookAtApiServer.look({ access: whole }, doctorTools())).findings;
    t.like(finding, { code, severity: 'error' });
    t.regex((finding as Finding).detail, detail);
    t.deepEqual(others, []);
  },
  title: (given) => given ?? '',
});

/** One that shows a certificate of another time, which the kubeconfig trusts. */
async function shown(stack: AsyncDisposableStack, offsetMs: number) {
  const identity = await loopbackIdentityAt(offsetMs);
  return { port: await http2(stack, identity, { answer: { ':status': 200 } }), ca: identity.cert };
}

test('nobody listens', found, async () => ({ port: await closedPort() }), 'API_SERVER_REFUSES', /^127/);
test('no TLS', found, async (stack) => ({ port: await plainHttp(stack) }), 'API_SERVER_REFUSES', /no TLS/);
test(
  'no HTTP/2',
  found,
  async (stack) => ({
    port: await tlsOnly(stack, await loopbackIdentityAt(0), { ALPNProtocols: ['http/1.1'] }),
  }),
  'API_SERVER_REFUSES',
  /no TLS handshake/,
);
test('closed at once', found, async (stack) => ({ port: await resetting(stack) }), 'API_SERVER_SILENT', /./);
test(
  'accepted and silent',
  found,
  async (stack) => ({ port: await silent(stack) }),
  'API_SERVER_SILENT',
  /./,
);
test(
  'takes no connection, and is on this machine: no firewall is in between',
  found,
  async (stack) => ({ port: await stuck(stack) }),
  'API_SERVER_SILENT',
  /^127\.0\.0\.1 port \d+$/,
);
test(
  'a stranger',
  found,
  async (stack) => ({ ...(await shown(stack, 0)), ca: (await loopbackIdentityAt(0)).cert }),
  'API_SERVER_UNTRUSTED',
  /issued by CN=loopback/,
);
test(
  'a certificate that has ended',
  found,
  (stack) => shown(stack, -3 * dayMs),
  'API_SERVER_CERTIFICATE_EXPIRED',
  /it ended at .*, and it is .* here/,
);
test(
  'a certificate that has not begun: the clock of this machine is behind',
  found,
  (stack) => shown(stack, 3 * dayMs),
  'ClockOff',
  /it is .* here, and the certificate of the API server begins at /,
);
test(
  'a certificate for another name',
  found,
  async (stack) => ({ ...(await shown(stack, 0)), serverName: 'kubernetes' }),
  'API_SERVER_NAME_WRONG',
  /for IP Address:127\.0\.0\.1, asked for was kubernetes/,
);
