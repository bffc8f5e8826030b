// The machine as messages: figures and facts as they are known, and what names the machine only when the site allows it.
import { fromBinary } from '@bufbuild/protobuf';
import test from 'ava';
import type { HardwareSnapshot, HostSnapshot } from '../../../agent/host/host-facts.ts';
import { hardwareReport, hostReport, queueHost } from '../../../agent/report/host-report.ts';
import type { StateReport } from '../../../agent/store/outbox.ts';
import { ReportBodySchema } from '../../../proto/gen/tre/v1/sync_pb.ts';

const host: HostSnapshot = {
  observedAtMs: 1_700_000_000_000,
  measures: [
    { name: 'memory.total', value: 2 ** 50, source: '/proc/meminfo' },
    { name: 'clock.offset', value: -90_000, source: 'control-plane' },
  ],
  conditions: [],
};
const hardware: HardwareSnapshot = {
  observedAtMs: 1_700_000_000_000,
  facts: [
    { name: 'cpu.cores', value: '8', source: 'systeminformation' },
    { name: 'machine.serial', value: 'SN-12345', source: '/sys/class/dmi' },
    { name: 'host.name', value: 'ward-7', source: 'uname' },
  ],
  mayIdentify: false,
};

const bodyOf = ({ body }: StateReport) => fromBinary(ReportBodySchema, body).body;

test('figures with their sources, also below zero and beyond 32 bits', (t) => {
  const body = bodyOf(hostReport(host));
  if (body.case !== 'host') throw new Error('no host');
  t.is(body.value.observedAtMs, 1_700_000_000_000n);
  t.deepEqual(
    body.value.measures.map(({ name, value, source }) => [name, value, source]),
    [
      ['memory.total', 2n ** 50n, '/proc/meminfo'],
      ['clock.offset', -90_000n, 'control-plane'],
    ],
  );
});

test('what names the machine is not in the message unless the site allows it', (t) => {
  const report = hardwareReport(hardware);
  const body = bodyOf(report);
  if (body.case !== 'hardware') throw new Error('no hardware');
  t.deepEqual(
    body.value.facts.map(({ name }) => name),
    ['cpu.cores'],
  );
  t.deepEqual(body.value.identifying, []);
  t.false(Buffer.from(report.body).includes('ward-7') || Buffer.from(report.body).includes('SN-12345'));
});

test('allowed, it goes into the field for it and into no other', (t) => {
  const body = bodyOf(hardwareReport({ ...hardware, mayIdentify: true }));
  if (body.case !== 'hardware') throw new Error('no hardware');
  t.deepEqual(
    body.value.facts.map(({ value }) => value),
    ['8'],
  );
  t.deepEqual(
    body.value.identifying.map(({ name, value }) => [name, value]),
    [
      ['machine.serial', 'SN-12345'],
      ['host.name', 'ward-7'],
    ],
  );
});

test('the time alone is no news', (t) => {
  const later = { observedAtMs: host.observedAtMs + 1 };
  t.is(hostReport({ ...host, ...later }).digest, hostReport(host).digest);
  t.is(hardwareReport({ ...hardware, ...later }).digest, hardwareReport(hardware).digest);
  t.not(hostReport({ ...host, measures: [] }).digest, hostReport(host).digest);
});

test('both states are queued, each under its own key, and whether one was news is told', (t) => {
  const queued = new Map<string, string>();
  const outbox = {
    queueState: ({ key, digest }: StateReport) => {
      const isNews = queued.get(key) !== digest;
      queued.set(key, digest);
      return isNews;
    },
  };
  t.false(queueHost(outbox, {}));
  t.true(queueHost(outbox, { host }));
  t.true(queueHost(outbox, { host, hardware }));
  t.false(queueHost(outbox, { host, hardware }));
  t.deepEqual([...queued.keys()], ['host', 'hardware']);
});
