// What may leave a site, read from the annotations of the .proto files: which messages an agent sends, and for every
// field its class and the reason why. Law: a new message or field is found by walking the services, so that it cannot be
// forgotten. Called by agent/intake, which keeps a copy of what it sends, and by agent/local, which shows it.
import {
  type DescField,
  type DescMessage,
  fromBinary,
  getOption,
  isFieldSet,
  type Message,
  toBinary,
} from '@bufbuild/protobuf';
import { EgressClass, egress } from './gen/tre/v1/annotations_pb.ts';
import { ContentService } from './gen/tre/v1/content_pb.ts';
import { EnrolmentService } from './gen/tre/v1/enrolment_pb.ts';
import { SyncRequestSchema, SyncService } from './gen/tre/v1/sync_pb.ts';

/** Stands in a copy where the message had a secret. */
export const secretMark = '(secret, not kept)';

/** Why a field leaves: the word of its class, and one plain sentence for the hospital. */
export interface EgressNote {
  readonly class: string;
  readonly why: string;
}

/** What the .proto file says of a field. */
export function egressOf(field: DescField): EgressNote {
  const { class: kind, why } = getOption(field, egress);
  const [word = ''] = Object.entries(EgressClass).find(([, value]) => value === kind) ?? [];
  return { class: word.toLowerCase(), why };
}

/** One field of a message as it was sent; a message that it holds is a value too. */
export interface SentField {
  readonly field: DescField;
  readonly value: unknown;
}

/** The fields that are set, in the order of the .proto file: what is empty or 0 was not sent. */
export function sentFields(desc: DescMessage, message: Message): readonly SentField[] {
  const properties = message as unknown as Readonly<Record<string, unknown>>;
  return desc.fields.flatMap((field) => {
    if (!isFieldSet(message, field)) return [];
    if (field.oneof === undefined) return [{ field, value: properties[field.localName] }];
    return [{ field, value: (properties[field.oneof.localName] as { readonly value: unknown }).value }];
  });
}

/** One message on its way out. `name` is what people call it: Hello, Report, Heartbeat, BeginRequest and so on. */
export interface OutgoingCopy {
  readonly name: string;
  /** As sent, byte for byte, but for secrets. */
  readonly body: Uint8Array;
}

const methods = [EnrolmentService, SyncService, ContentService].flatMap((service) => service.methods);

/** The copy to keep of a message that leaves by this gRPC path. Throws RangeError for a path that is not ours. */
export function outgoingCopy(path: string, sent: Uint8Array): OutgoingCopy {
  const method = methods.find(({ parent, name }) => path === `/${parent.typeName}/${name}`);
  if (method === undefined) throw new RangeError(`nothing of ours leaves by ${path}`);
  const message: Message = fromBinary(method.input, sent);
  const [only] = method.input.oneofs.length > 0 ? sentFields(method.input, message) : [];
  return {
    name: only?.field.message?.name ?? method.input.name,
    body: hideSecrets(method.input, message) ? toBinary(method.input, message) : sent,
  };
}

/** The type of the messages that are kept under this name; undefined for one that this version does not know. */
export function outgoingSchema(name: string): DescMessage | undefined {
  const isInner = SyncRequestSchema.fields.some(({ message }) => message?.name === name);
  return isInner ? SyncRequestSchema : methods.find(({ input }) => input.name === name)?.input;
}

/** A secret stands at the top of a message and is a text: a test holds the .proto files to it. */
function hideSecrets(desc: DescMessage, message: Message): boolean {
  const secrets = sentFields(desc, message).filter(({ field }) => egressOf(field).class === 'credential');
  for (const { field } of secrets)
    (message as unknown as Record<string, unknown>)[field.localName] = secretMark;
  return secrets.length > 0;
}
