// Reads a file of Kubernetes objects (YAML or JSON, many documents) with the semantics of kubectl and with the line
// of every field. js-yaml parses; the values are built here from its events, because a loader keeps no positions.
// Refused: duplicate keys, aliases and nesting beyond a limit, unknown tags. Text is never interpreted: `${X}` stays.
// Empty documents are skipped. Called by sources.ts and release-file.ts.

import { EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException } from 'js-yaml';
import { isList, isObject } from '../../proto/pointer.ts';
import type { JsonValue } from '../../proto/strict-json.ts';
import type { Problem } from '../problem.ts';
import { Positions } from './positions.ts';
import { resolvePlainScalar } from './scalar.ts';

export const maxAliases = 100;
export const maxDepth = 100;
/** Values in one document after aliases are expanded: a hundred aliases of aliases could otherwise fill the memory. */
export const maxValues = 200_000;

export interface YamlDocument {
  readonly value: JsonValue;
  /** Line of the first value, from 1. */
  readonly line: number;
}

export type YamlResult =
  | { readonly ok: true; readonly documents: readonly YamlDocument[]; readonly positions: Positions }
  | { readonly ok: false; readonly problem: Problem };

/** Reads all documents of one file; `file` is only used to name the place of a problem. */
export function readYaml(text: string, file: string): YamlResult {
  try {
    const composer = new Composer(text, parseEvents(text, { maxDepth }));
    return { ok: true, documents: composer.documents(), positions: composer.positions };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = (error.mark?.line ?? 0) + 1;
    return { ok: false, problem: { code: 'YAML_INVALID', file, line, detail: error.reason } };
  }
}

type ScalarEvent = Extract<Event, { type: typeof EVENT_ID.SCALAR }>;
type MappingEvent = Extract<Event, { type: typeof EVENT_ID.MAPPING }>;
type SequenceEvent = Extract<Event, { type: typeof EVENT_ID.SEQUENCE }>;
type AliasEvent = Extract<Event, { type: typeof EVENT_ID.ALIAS }>;

class Composer {
  readonly positions = new Positions();
  readonly #text: string;
  readonly #events: readonly Event[];
  readonly #lineStarts: readonly number[];
  readonly #anchors = new Map<string, JsonValue>();
  #next = 0;
  #aliases = 0;
  #values = 0;

  constructor(text: string, events: readonly Event[]) {
    this.#text = text;
    this.#events = events;
    this.#lineStarts = lineStartsOf(text);
  }

  documents(): YamlDocument[] {
    const found: YamlDocument[] = [];
    while (this.#next < this.#events.length) {
      this.#next++; // the document event
      this.#anchors.clear();
      this.#aliases = 0;
      this.#values = 0;
      if (this.#peek().type !== EVENT_ID.POP) {
        const line = this.#lineAt(startOf(this.#peek()));
        const value = this.#value();
        if (value !== null) found.push({ value, line });
      }
      this.#next++; // its pop
    }
    return found;
  }

  #value(): JsonValue {
    this.#count();
    const event = this.#peek();
    this.#next++;
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#anchored(event, this.#scalar(event));
      case EVENT_ID.MAPPING:
        return this.#anchored(event, this.#mapping(event));
      case EVENT_ID.SEQUENCE:
        return this.#anchored(event, this.#sequence(event));
      case EVENT_ID.ALIAS:
        return this.#alias(event);
      default:
        throw new Error('js-yaml: a value was expected');
    }
  }

  #scalar(event: ScalarEvent): JsonValue {
    const text = getScalarValue(this.#text, event);
    const tag = this.#tagOf(event);
    const plain = event.style === SCALAR_STYLE.PLAIN && tag === undefined;
    if (tag === '!!str' || tag === '!') return text;
    if (!plain && tag === undefined) return text;
    const value = resolvePlainScalar(text);
    if (tag !== undefined && !scalarTags[tag]?.(value))
      this.#fail(event.tagStart, `the tag ${tag} does not fit "${text}"`);
    return value;
  }

  #mapping(event: MappingEvent): Record<string, JsonValue> {
    this.#expectTag(event, '!!map');
    const object: Record<string, JsonValue> = {};
    const merges: { from: JsonValue; line: number; offset: number }[] = [];
    while (this.#peek().type !== EVENT_ID.POP) {
      const keyEvent = this.#peek();
      const offset = startOf(keyEvent);
      const line = this.#lineAt(offset);
      if (this.#isMergeKey(keyEvent)) {
        this.#next++;
        merges.push({ from: this.#value(), line, offset });
        continue;
      }
      const key = this.#key(keyEvent);
      if (Object.hasOwn(object, key)) this.#fail(offset, `the key "${key}" stands twice in one mapping`);
      object[key] = this.#value();
      this.positions.note(object, key, line);
    }
    this.#next++;
    for (const merge of merges) this.#merge(object, merge);
    return object;
  }

  #sequence(event: SequenceEvent): JsonValue[] {
    this.#expectTag(event, '!!seq');
    const items: JsonValue[] = [];
    while (this.#peek().type !== EVENT_ID.POP) {
      const offset = startOf(this.#peek());
      if (offset >= 0) this.positions.note(items, items.length, this.#lineAt(offset));
      items.push(this.#value());
    }
    this.#next++;
    return items;
  }

  #alias(event: AliasEvent): JsonValue {
    const name = this.#text.slice(event.anchorStart, event.anchorEnd);
    if (++this.#aliases > maxAliases) this.#fail(event.anchorStart, `more than ${maxAliases} aliases`);
    const value = this.#anchors.get(name);
    if (value === undefined) this.#fail(event.anchorStart, `the alias *${name} names no finished anchor`);
    return this.#copy(value, event.anchorStart);
  }

  #key(event: Event): string {
    const offset = startOf(event);
    const value = this.#value();
    if (value === null || typeof value === 'object')
      this.#fail(offset, 'a key must be a text, a number or a boolean');
    const key = String(value);
    if (key === '__proto__') this.#fail(offset, 'the key "__proto__" is not allowed');
    return key;
  }

  #isMergeKey(event: Event): event is ScalarEvent {
    return (
      event.type === EVENT_ID.SCALAR &&
      event.style === SCALAR_STYLE.PLAIN &&
      event.tagStart < 0 &&
      getScalarValue(this.#text, event) === '<<'
    );
  }

  #merge(object: Record<string, JsonValue>, merge: { from: JsonValue; line: number; offset: number }): void {
    for (const source of isList(merge.from) ? merge.from : [merge.from]) {
      if (!isObject(source))
        this.#fail(merge.offset, 'the merge key << needs a mapping or a list of mappings');
      for (const [key, value] of Object.entries(source)) {
        if (Object.hasOwn(object, key)) continue;
        object[key] = value;
        this.positions.note(object, key, merge.line);
      }
    }
  }

  /** Every place gets a value of its own, so that a patch to one does not change the others. */
  #copy(value: JsonValue, offset: number): JsonValue {
    this.#count(offset);
    if (value === null || typeof value !== 'object') return value;
    const copy = isList(value)
      ? value.map((item) => this.#copy(item, offset))
      : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#copy(item, offset)]));
    this.positions.copy(value, copy);
    return copy;
  }

  #anchored(event: ScalarEvent | MappingEvent | SequenceEvent, value: JsonValue): JsonValue {
    if (event.anchorStart >= 0)
      this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), value);
    return value;
  }

  #tagOf(event: ScalarEvent | MappingEvent | SequenceEvent): string | undefined {
    return event.tagStart < 0 ? undefined : this.#text.slice(event.tagStart, event.tagEnd);
  }

  #expectTag(event: MappingEvent | SequenceEvent, allowed: string): void {
    const tag = this.#tagOf(event);
    if (tag !== undefined && tag !== allowed) this.#fail(event.tagStart, `the tag ${tag} is not allowed`);
  }

  #count(offset = 0): void {
    if (++this.#values > maxValues) this.#fail(offset, `more than ${maxValues} values in one document`);
  }

  #peek(): Event {
    return this.#events[this.#next] as Event;
  }

  #lineAt(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  #fail(offset: number, reason: string): never {
    return YAMLException.throwAt(this.#text, Math.max(offset, 0), reason);
  }
}

const scalarTags: Readonly<Record<string, (value: JsonValue) => boolean>> = {
  '!!null': (value) => value === null,
  '!!bool': (value) => typeof value === 'boolean',
  '!!int': (value) => typeof value === 'bigint' || Number.isInteger(value),
  '!!float': (value) => typeof value === 'number' || typeof value === 'bigint',
};

/** Offset of the first character that belongs to a value, -1 for an empty one. */
function startOf(event: Event): number {
  switch (event.type) {
    case EVENT_ID.SCALAR:
      return event.valueStart;
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.ALIAS:
      return event.anchorStart;
    default:
      return -1;
  }
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 10 || (code === 13 && text.charCodeAt(index + 1) !== 10)) starts.push(index + 1);
  }
  return starts;
}
