// What may leave a site is written at every field of every message that an agent sends: its class and one sentence why.
// Found by walking the services from their inputs, so that a new message cannot be forgotten.
import { type DescField, type DescMessage, getOption, hasOption } from '@bufbuild/protobuf';
import test from 'ava';
import { EgressClass, egress } from '../../proto/gen/tre/v1/annotations_pb.ts';
import { ContentService } from '../../proto/gen/tre/v1/content_pb.ts';
import { EnrolmentService } from '../../proto/gen/tre/v1/enrolment_pb.ts';
import { ReportBodySchema, SyncService } from '../../proto/gen/tre/v1/sync_pb.ts';

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
