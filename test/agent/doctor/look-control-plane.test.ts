// A connection that the control plane ends: for the certificate of this site, for its clock, or for something in between.
import { createSecureServer } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import test from 'ava';
import type { Chart } from '../../../agent/doctor/hop.ts';
import { lookAtControlPlane } from '../../../agent/doctor/look-control-plane.ts';
import { doctorTools } from '../../support/doctor-tools.ts';
import { type LoopbackIdentity, loopbackIdentity } from '../../support/loopback-certificate.ts';
import { listenOn } from '../../support/odd-servers.ts';

const hourMs = 3_600_000;
const wanted = { ':status': 200, 'grpc-status': '16', 'tre-code': 'CERTIFICATE_REQUIRED' };

interface Door {
  readonly shutsOut: (hasCertificate: boolean) => boolean;
  /** Its clock less ours. */
  readonly aheadMs?: number;
}

/** HTTP/2 that asks for a certificate and may end the session of who calls. */
function door(stack: AsyncDisposableStack, shown: LoopbackIdentity, { shutsOut, aheadMs = 0 }: Door) {
  const server = createSecureServer({ ...shown, requestCert: true, rejectUnauthorized: false });
  server.on('sessionError', () => undefined);
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    const { session } = stream;
    if (session === undefined) return;
    const { raw } = (session.socket as TLSSocket).getPeerCertificate();
    if (shutsOut(raw !== undefined)) return session.destroy();
    const date = new Date(Date.now() + aheadMs).toUTCString();
    stream.respond({ ...wanted, date }, { endStream: true });
  });
  return listenOn(server, stack);
}

const ended = test.macro({
  async exec(t, how: Door, code: string) {
    await using stack = new AsyncDisposableStack();
    const [shown, own] = [await loopbackIdentity(), await loopbackIdentity()];
    const port = await door(stack, shown, how);
    const address = '127.0.0.1';
    const chart = {
      site: { address: `${address}:${port}` } as Chart['site'],
      leaf: { pem: `${own.cert}\n${own.key}`, notBeforeMs: 0, notAfterMs: Date.now() + hourMs },
      reached: { kind: 'connected', address, port, localAddress: address },
      ca: shown.cert,
    } as const;
    const { findings } = await lookAtControlPlane.look(chart, doctorTools());
    t.deepEqual(
      findings.map((finding) => finding.code),
      [code],
    );
  },
  title: (given) => given ?? '',
});
test('whoever shows no certificate is let in', ended, { shutsOut: (has) => has }, 'LEAF_REFUSED');
test(
  'the same, and the clocks disagree: the certificate is good by one of them alone',
  ended,
  { shutsOut: (has) => has, aheadMs: 24 * hourMs },
  'ClockOff',
);
test('nobody is let in', ended, { shutsOut: () => true }, 'CONNECTION_CUT');
