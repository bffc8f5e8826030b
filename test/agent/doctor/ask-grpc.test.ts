// What a control plane says, percent-encoded or not: read as far as it can be read, and an odd one is an answer all the same.
import test from 'ava';
import { askGrpc } from '../../../agent/doctor/ask-grpc.ts';
import { loopbackIdentity } from '../../support/loopback-certificate.ts';
import { http2 } from '../../support/odd-servers.ts';

const said = test.macro({
  title: (_given, message: string) => `a message is read: ${message}`,
  async exec(t, message: string, read: string) {
    await using stack = new AsyncDisposableStack();
    const shown = await loopbackIdentity();
    const answer = { ':status': 200, 'grpc-status': '16', 'grpc-message': message };
    const port = await http2(stack, shown, { answer });
    const address = '127.0.0.1';
    const where = { address, host: address, port, ca: shown.cert };
    const got = await askGrpc({ ...where, identity: null, timeoutMs: 5_000, watchMs: 0 });
    t.like(got, { kind: 'answered', grpcStatus: 16, message: read });
  },
});

test(said, 'no%20such%20site', 'no such site');
test(said, 'caf%C3%A9', 'café');
test(said, 'the disk is 100% full', 'the disk is 100% full');
test(said, '%41 and %ff', 'A and %ff');
