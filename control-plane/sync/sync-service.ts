// The sync service: gives every stream its session and hands it what arrives. Registered by listener.ts.
// Holds no state: everything about a stream is in its session.
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { SyncRequest } from '../../proto/gen/tre/v1/sync_pb.ts';
import type { SyncCall } from './outbound.ts';
import { type SessionDeps, SyncSession } from './session.ts';

export function syncService(deps: SessionDeps): UntypedServiceImplementation {
  return {
    sync(call: SyncCall) {
      const session = new SyncSession(call, deps);
      // Not `for await`: leaving such a loop destroys the stream before the status that says why is sent.
      call.on('data', (request: SyncRequest) => session.receive(request));
      call.on('end', () => session.ended());
      call.on('cancelled', () => session.ended());
      session.opened();
    },
  };
}
