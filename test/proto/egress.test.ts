// What may leave a site is written at every field of every message that an agent sends: its class and one sentence why.
// Found by walking the services from their inputs, so that a new message cannot be forgotten.
import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  getOption,
  hasOption,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import test from 'ava';
import {
  egressOf,
  outgoingCopy,
  outgoingSchema,
  secretMark,
  sentFields as sentFieldsOf,
} from '../../proto/egress.ts';
import { EgressClass, egress } from '../../proto/gen/tre/v1/annotations_pb.ts';
import { ContentService } from '../../proto/gen/tre/v1/content_pb.ts';
import { BeginRequestSchema, EnrolmentService } from '../../proto/gen/tre/v1/enrolment_pb.ts';
import { ReportBodySchema, SyncRequestSchema, SyncService } from '../../proto/gen/tre/v1/sync_pb.ts';

/** The inputs of all calls, and what travels inside them as bytes. */
const roots: readonly DescMessage[] = [
  ...[EnrolmentService, SyncService, ContentService].flatMap((service) =>
    service.methods.map((method) => method.input),
  ),
  ReportBodySchema,
];

function sentFields(): readonly DescField[] {
  const messages = new Set(roots);
  for (const message of messages)
    for (const field of message.fields) if (field.message !== undefined) messages.add(field.message);
  return [...messages].flatMap((message) => message.fields);
}

test('every field that an agent sends says what it is and why it leaves', (t) => {
  const silent = sentFields().filter((field) => {
    const { class: kind, why } = getOption(field, egress);
    return !hasOption(field, egress) || kind === EgressClass.UNSPECIFIED || !/^\S.{7,}$/.test(why);
  });
  t.deepEqual(silent.map(String), []);
  t.true(sentFields().length > 60, 'the walk has found the messages');
});

test('only the join token is a secret', (t) => {
  const secrets = sentFields().filter((field) => getOption(field, egress).class === EgressClass.CREDENTIAL);
  t.deepEqual(secrets.map(String), ['field tre.v1.BeginRequest.token']);
});

test('messages and bytes that only wrap others are called so, and nothing else is', (t) => {
  const wrapping = sentFields().filter((field) => getOption(field, egress).class === EgressClass.WRAPPER);
  for (const field of wrapping)
    t.true(field.message !== undefined || String(field) === 'field tre.v1.ReportRow.body', String(field));
});

test('a secret is a text at the top of a message, where the copy hides it', (t) => {
  const tops = new Set(
    [EnrolmentService, SyncService, ContentService].flatMap(({ methods }) =>
      methods.map(({ input }) => input),
    ),
  );
  for (const field of sentFields().filter((one) => egressOf(one).class === 'credential')) {
    t.is(field.scalar, ScalarType.STRING, String(field));
    t.true(tops.has(field.parent), String(field));
  }
});

const begin = create(BeginRequestSchema, {
  siteId: 'site',
  token: 'a-token',
  csr: new Uint8Array([1, 2, 3]),
});

test('a copy is what was sent but for the secret', (t) => {
  const { name, body } = outgoingCopy('/tre.v1.EnrolmentService/Begin', toBinary(BeginRequestSchema, begin));
  t.is(name, 'BeginRequest');
  t.deepEqual(fromBinary(BeginRequestSchema, body), { ...begin, token: secretMark });
  const beat = toBinary(
    SyncRequestSchema,
    create(SyncRequestSchema, { message: { case: 'heartbeat', value: { sentAtMs: 5n } } }),
  );
  t.deepEqual(outgoingCopy('/tre.v1.SyncService/Sync', beat), { name: 'Heartbeat', body: beat });
  t.throws(() => outgoingCopy('/tre.v1.SyncService/Other', beat), { instanceOf: RangeError });
});

test('every message that is kept finds its type again by its name', (t) => {
  for (const field of SyncRequestSchema.fields)
    t.is(outgoingSchema(field.message?.name ?? ''), SyncRequestSchema, String(field));
  for (const method of [...EnrolmentService.methods, ...ContentService.methods])
    t.is(outgoingSchema(method.input.name), method.input);
  t.is(outgoingSchema('Nothing'), undefined);
});

test('fields are those that were set, with their values', (t) => {
  const shown = sentFieldsOf(BeginRequestSchema, begin).map(({ field, value }) => [field.name, value]);
  t.deepEqual(shown, [
    ['site_id', 'site'],
    ['token', 'a-token'],
    ['csr', begin.csr],
  ]);
});
