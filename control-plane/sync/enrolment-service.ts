// The enrolment service: protobuf in, the verbs of trust/enrolment.ts, protobuf out. The only service that answers a
// caller without a certificate. Registered by listener.ts.
import { create } from '@bufbuild/protobuf';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Log } from '../../daemon/log.ts';
import {
  type BeginRequest,
  BeginResponseSchema,
  type CollectRequest,
  CollectResponseSchema,
  EnrolmentState,
  type RenewRequest,
  RenewResponseSchema,
} from '../../proto/gen/tre/v1/enrolment_pb.ts';
import type { Enrolment } from '../trust/enrolment.ts';
import { unary } from './serve.ts';

const states = {
  pending: EnrolmentState.PENDING,
  approved: EnrolmentState.APPROVED,
  refused: EnrolmentState.REFUSED,
} as const;

export function enrolmentService(enrolment: Enrolment, log: Log): UntypedServiceImplementation {
  return {
    begin: unary(log, async (request: BeginRequest) => {
      const begun = await enrolment.begin({ ...request, deviceKey: request.devicePublicKey });
      return begun.ok ? { ok: true, answer: create(BeginResponseSchema, begun) } : begun;
    }),
    collect: unary(log, async (request: CollectRequest) => {
      const collected = await enrolment.collect(request);
      if (!collected.ok) return collected;
      const leaf = collected.leaf === undefined ? {} : { leaf: Uint8Array.from(collected.leaf) };
      return { ok: true, answer: create(CollectResponseSchema, { state: states[collected.state], ...leaf }) };
    }),
    renew: unary(log, async (request: RenewRequest) => {
      const renewed = await enrolment.renew(request);
      return renewed.ok
        ? { ok: true, answer: create(RenewResponseSchema, { leaf: Uint8Array.from(renewed.leaf) }) }
        : renewed;
    }),
  };
}
