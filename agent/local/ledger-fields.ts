// One message of the ledger, field by field: what left, as what, and why, by the words of the .proto files. PURE.
// Law: every field that was sent is shown, also one that this version does not know. Objects and components leave as
// numbers; what a number means here is said beside it and never left. Called by ledger-command.ts.
import { type DescField, type DescMessage, fromBinary, type Message } from '@bufbuild/protobuf';
import { egressOf, outgoingSchema, sentFields } from '../../proto/egress.ts';
import { ReportBodySchema } from '../../proto/gen/tre/v1/sync_pb.ts';
import type { KnownRelease } from './ledger-lines.ts';

export interface LedgerField {
  /** Where it stood in the message, such as rows[0].body.state.generation. */
  readonly path: string;
  /** Its name in the .proto files, such as SiteState.generation. */
  readonly field: string;
  /** A number, a text or a truth value as it is; times RFC 3339; bytes base64. */
  readonly value: string | number | boolean;
  readonly class: string;
  readonly why: string;
  /** What a number means on this machine. */
  readonly knownAs?: string;
}

/** What the walk carries along. */
interface Walk {
  readonly path: string;
  readonly releases: readonly KnownRelease[];
  /** Of the report around it: says to which release its numbers belong. */
  readonly generation: number | undefined;
}

/** All fields of a message that was kept under this name. */
export function fieldsOf(
  name: string,
  body: Uint8Array,
  releases: readonly KnownRelease[],
): readonly LedgerField[] {
  const desc = outgoingSchema(name);
  if (desc === undefined) return [unknownField('', body)];
  try {
    return [...walk(desc, fromBinary(desc, body), { path: '', releases, generation: undefined })];
  } catch {
    return [unknownField('', body)];
  }
}

function* walk(desc: DescMessage, message: Message, around: Walk): Generator<LedgerField, void> {
  const fields = sentFields(desc, message);
  const own = fields.find(({ field }) => field.name === 'generation')?.value;
  const inside = typeof own === 'number' ? { ...around, generation: own } : around;
  const values = new Map(fields.map(({ field, value }) => [field.name, value]));
  const knownAs = nameOf(desc, values, inside);
  // An index of 0 is not sent: then its meaning stands beside what is said of it.
  const carrier = ['index', 'reason', 'code'].find((name) => values.has(name)) ?? fields[0]?.field.name;
  for (const { field, value } of fields) {
    const path = around.path === '' ? field.name : `${around.path}.${field.name}`;
    const items: readonly unknown[] = field.fieldKind === 'list' ? (value as unknown[]) : [value];
    for (const [at, one] of items.entries())
      yield* show(field, one, {
        walk: { ...inside, path: field.fieldKind === 'list' ? `${path}[${at}]` : path },
        knownAs: field.name === carrier ? knownAs : undefined,
      });
  }
  for (const { no, data } of message.$unknown ?? []) yield unknownField(`${around.path}#${no}`, data);
}

function* show(
  field: DescField,
  value: unknown,
  { walk: around, knownAs }: { readonly walk: Walk; readonly knownAs: string | undefined },
): Generator<LedgerField, void> {
  if (field.message !== undefined) return yield* walk(field.message, value as Message, around);
  if (field.parent.name === 'ReportRow' && field.name === 'body')
    return yield* walk(ReportBodySchema, fromBinary(ReportBodySchema, value as Uint8Array), around);
  const note = egressOf(field);
  yield {
    path: around.path,
    field: `${field.parent.name}.${field.name}`,
    value: valueText(value, note.class),
    ...note,
    ...(knownAs === undefined ? {} : { knownAs }),
  };
}

function valueText(value: unknown, kind: string): string | number | boolean {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'bigint') {
    const isDate = kind === 'time' && value >= 0n && value <= maxTimeMs;
    return isDate ? new Date(Number(value)).toISOString() : value.toString();
  }
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value);
}

const maxTimeMs = 8_640_000_000_000_000n;

/** What the index of an object or a component means; undefined when that cannot be told any more. */
function nameOf(
  { name }: DescMessage,
  fields: ReadonlyMap<string, unknown>,
  { releases, generation }: Walk,
): string | undefined {
  const given = fields.get('index');
  const index = typeof given === 'number' ? given : 0;
  const digest = fields.get('release_digest');
  const release = releases.find((one) =>
    typeof digest === 'string' ? one.digest === digest : one.generation === generation,
  );
  if (name === 'ComponentFact') return release?.components[index];
  return name === 'ObjectFact' || name === 'HealthFact' ? release?.objects[index] : undefined;
}

function unknownField(path: string, bytes: Uint8Array): LedgerField {
  return {
    path,
    field: path,
    value: Buffer.from(bytes).toString('base64'),
    class: 'unknown',
    why: 'of another version of this program, which explains it',
  };
}
