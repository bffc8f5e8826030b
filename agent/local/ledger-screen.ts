// The ledger as text: every message with its fields, or every field with how often it left and what it said last. PURE.
// Called by ledger-command.ts, message by message, so that a long ledger needs no memory.
import type { LedgerExtent } from '../store/ledger.ts';
import type { LedgerField } from './ledger-fields.ts';
import { counted, day, second } from './screen-words.ts';
import { type ScreenOptions, wrapped } from './wrap.ts';

/** One message with its fields. */
export interface ShownMessage {
  readonly number: number;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly message: string;
  /** More than one only for heartbeats: `at` and `fields` are those of the last. */
  readonly count: number;
  readonly bytes: number;
  readonly fields: readonly LedgerField[];
}

/** Heartbeats in a row as one, with the fields of the last; undefined for two messages that are not such. */
export function joined(one: ShownMessage, next: ShownMessage): ShownMessage | undefined {
  const areBeats = one.message === 'Heartbeat' && next.message === 'Heartbeat';
  return areBeats ? { ...next, count: one.count + next.count } : undefined;
}

export function messageText(
  { at, message, count, bytes, fields }: ShownMessage,
  { width, paint }: ScreenOptions,
): string {
  const many = count > 1 ? `, the last of ${count}` : '';
  return [
    paint('bold', `${second(at)}  ${message}${many}, ${counted(bytes, 'byte')}`),
    ...fields.map(({ path, value, knownAs, class: kind, why }) =>
      wrapped(`  ${path} = ${value}${knownText(knownAs)} - ${kind}: ${why}`, width, 6),
    ),
  ].join('\n');
}

/** What each field said last, and how often it left. */
export class LedgerSummary {
  readonly #fields = new Map<string, LedgerField & { readonly times: number; readonly lastAt: string }>();
  #messages = 0;

  add({ at, count, fields }: ShownMessage): void {
    this.#messages += count;
    for (const field of fields) {
      const times = (this.#fields.get(field.field)?.times ?? 0) + count;
      this.#fields.set(field.field, { ...field, times, lastAt: at });
    }
  }

  /** By name; where it stood differs from message to message. */
  rows() {
    return [...this.#fields.values()]
      .toSorted((one, other) => (one.field < other.field ? -1 : 1))
      .map(({ field, value, class: kind, why, knownAs, times, lastAt }) => {
        const known = knownAs === undefined ? {} : { knownAs };
        return { field, value, class: kind, why, ...known, times, lastAt };
      });
  }

  text({ width, paint }: ScreenOptions): string {
    const lines = this.rows().map(({ field, times, lastAt, value, knownAs, class: kind, why }) =>
      wrapped(
        `  ${paint('bold', field)}, ${counted(times, 'time')}, last ${second(lastAt)}: ${value}${knownText(knownAs)} - ${kind}: ${why}`,
        width,
        6,
      ),
    );
    return [`${counted(this.#messages, 'message')} with these fields, and no others:`, ...lines].join('\n');
  }
}

/** What the ledger holds, and what it holds no more. */
export function extentText(
  { kept, everSent, firstAtMs }: LedgerExtent,
  shown: number,
  width: number,
): string {
  if (everSent === 0) return 'Nothing has left this machine yet.';
  const first = firstAtMs === null ? '' : ` since ${day(new Date(firstAtMs).toISOString())}`;
  const gone = everSent - kept;
  const lines = [
    `${shown} of ${counted(kept, 'message')} that left this machine${first}. A field that is empty or 0 is not sent.`,
    ...(shown < kept ? ['More: --last N, --since 24h; all fields at once: --summary.'] : []),
    ...(gone > 0 ? [`No longer kept: ${counted(gone, 'older message')}.`] : []),
  ];
  return lines.map((line) => wrapped(line, width)).join('\n');
}

function knownText(knownAs: string | undefined): string {
  return knownAs === undefined ? '' : ` (known here as ${knownAs})`;
}
