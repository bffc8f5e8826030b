// The machine as messages: its live figures and what it is made of. PURE, but for the queueing. Invariants: facts that
// name the machine go into their own field, and only when the site allows it; names and sources are of closed lists.
// Called by agent/run.ts when there is news.
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { digestOf } from '../../proto/envelope.ts';
import { ReportBodySchema } from '../../proto/gen/tre/v1/sync_pb.ts';
import { hardwareFacts } from '../../proto/measures.ts';
import type { HardwareSnapshot, HostSnapshot } from '../host/host-facts.ts';
import type { Outbox, StateReport } from '../store/outbox.ts';
import type { SideFacts } from './side-facts.ts';

/** Queues what is news of the machine; returns whether anything was. */
export function queueHost(outbox: Pick<Outbox, 'queueState'>, { host, hardware }: SideFacts): boolean {
  const reports = [
    ...(host === undefined ? [] : [hostReport(host)]),
    ...(hardware === undefined ? [] : [hardwareReport(hardware)]),
  ];
  return reports.map((report) => outbox.queueState(report)).includes(true);
}

export function hostReport({ observedAtMs, measures }: HostSnapshot): StateReport {
  const rows = measures.map(({ name, value, source }) => ({ name, value: BigInt(value), source }));
  return stateReport('host', observedAtMs, (atMs) => ({
    case: 'host',
    value: { observedAtMs: BigInt(atMs), measures: rows },
  }));
}

export function hardwareReport({ observedAtMs, facts, mayIdentify }: HardwareSnapshot): StateReport {
  const identifying = facts.filter(({ name }) => hardwareFacts[name].identifying);
  const value = {
    facts: facts.filter((fact) => !identifying.includes(fact)),
    identifying: mayIdentify ? identifying : [],
  };
  return stateReport('hardware', observedAtMs, (atMs) => ({
    case: 'hardware',
    value: { ...value, observedAtMs: BigInt(atMs) },
  }));
}

type Body = NonNullable<MessageInitShape<typeof ReportBodySchema>['body']>;

/** The digest covers everything but the time. */
function stateReport(key: string, observedAtMs: number, body: (atMs: number) => Body): StateReport {
  const encoded = (atMs: number) =>
    toBinary(ReportBodySchema, create(ReportBodySchema, { body: body(atMs) }));
  return { key, digest: digestOf(encoded(0)), body: encoded(observedAtMs) };
}
