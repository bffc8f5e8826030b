// The one JSON reader for bytes that come from outside: documents, envelopes, objects.
// Refuses what JSON.parse lets pass: duplicate keys, `__proto__`, too deep, too large, invalid UTF-8, lone surrogates.
// Integers stay exact: a number while safe, a bigint up to int64, refused beyond. Called wherever bytes become values.

/** Any JSON value; integers beyond 2^53 are bigint. */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Limits of one read. `fractions` false refuses every number with a point or an exponent. */
export interface JsonLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly fractions: boolean;
}

/** For documents of our own. */
export const documentLimits: JsonLimits = { maxBytes: 16 * 1024 * 1024, maxDepth: 32, fractions: false };

/** For Kubernetes objects, which may hold fractions and nest deeper. */
export const objectLimits: JsonLimits = { maxBytes: 1024 * 1024, maxDepth: 100, fractions: true };

/** Why bytes were refused, with the byte-free position in characters. */
export class JsonRefused extends Error {
  readonly position: number;

  constructor(reason: string, position: number) {
    super(`${reason} at character ${position}`);
    this.name = 'JsonRefused';
    this.position = position;
  }
}

export const minInt64 = -(2n ** 63n);
export const maxInt64 = 2n ** 63n - 1n;

/** Reads exactly one JSON value. Throws JsonRefused. */
export function readJson(bytes: Uint8Array, limits: JsonLimits = documentLimits): JsonValue {
  if (bytes.byteLength > limits.maxBytes) throw new JsonRefused(`more than ${limits.maxBytes} bytes`, 0);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new JsonRefused('not valid UTF-8', 0);
  }
  const reader = new Reader(text, limits);
  return reader.readAll();
}

const numberForm = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const stringForm = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const blankForm = /[ \t\n\r]*/y;

class Reader {
  readonly #text: string;
  readonly #limits: JsonLimits;
  #at = 0;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  readAll(): JsonValue {
    const value = this.#value(1);
    this.#blank();
    if (this.#at < this.#text.length) throw this.#refused('text after the value');
    return value;
  }

  #value(depth: number): JsonValue {
    if (depth > this.#limits.maxDepth) throw this.#refused(`deeper than ${this.#limits.maxDepth}`);
    this.#blank();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    const result: Record<string, JsonValue> = {};
    this.#at += 1;
    if (this.#take('}')) return result;
    do {
      this.#blank();
      const key = this.#string();
      if (key === '__proto__') throw this.#refused('the key __proto__');
      if (Object.hasOwn(result, key)) throw this.#refused(`the key ${JSON.stringify(key)} twice`);
      if (!this.#take(':')) throw this.#refused('no colon after a key');
      result[key] = this.#value(depth + 1);
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#refused('an object that does not end');
    return result;
  }

  #array(depth: number): JsonValue[] {
    const result: JsonValue[] = [];
    this.#at += 1;
    if (this.#take(']')) return result;
    do result.push(this.#value(depth + 1));
    while (this.#take(','));
    if (!this.#take(']')) throw this.#refused('a list that does not end');
    return result;
  }

  #string(): string {
    const lexeme = this.#match(stringForm);
    if (lexeme === undefined) throw this.#refused('no valid string');
    const value: string = lexeme.includes('\\') ? String(JSON.parse(lexeme)) : lexeme.slice(1, -1);
    if (!value.isWellFormed()) throw this.#refused('half of a surrogate pair');
    return value;
  }

  #number(): number | bigint {
    const lexeme = this.#match(numberForm);
    if (lexeme === undefined) throw this.#refused('no value');
    const value = numberFromLexeme(lexeme, this.#limits.fractions);
    if (value === undefined) throw this.#refused(`the number ${lexeme.slice(0, 40)}, which is out of range`);
    return value;
  }

  #word<T extends JsonValue>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#refused('no value');
    this.#at += word.length;
    return value;
  }

  #match(form: RegExp): string | undefined {
    form.lastIndex = this.#at;
    const lexeme = form.exec(this.#text)?.[0];
    if (lexeme !== undefined) this.#at += lexeme.length;
    return lexeme;
  }

  #blank(): void {
    this.#match(blankForm);
  }

  #take(character: string): boolean {
    this.#blank();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #refused(reason: string): JsonRefused {
    return new JsonRefused(reason, this.#at);
  }
}

/** The exact value of a JSON number, or undefined when it fits neither int64 nor (with `fractions`) a finite double. */
function numberFromLexeme(lexeme: string, fractions: boolean): number | bigint | undefined {
  if (/[.eE]/.test(lexeme)) {
    const value = Number(lexeme);
    return fractions && Number.isFinite(value) ? value + 0 : undefined;
  }
  const value = Number(lexeme);
  if (Number.isSafeInteger(value)) return value + 0;
  if (lexeme.length > 20) return undefined;
  const exact = BigInt(lexeme);
  return exact >= minInt64 && exact <= maxInt64 ? exact : undefined;
}
