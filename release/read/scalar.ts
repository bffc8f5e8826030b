// The Kubernetes schema of YAML: what a plain (unquoted) scalar means to kubectl, which reads YAML 1.1 with habits
// of its own: 0644 is octal, 0o644 too, yes and on are true, 1_000 is 1000, dates and 12:30:45 stay text, and what
// looks like a number but fits no number (1e400) is text. Integers keep every digit (bigint above 2^53), where
// kubectl rounds those beyond 64 bits.
// Pure; called by yaml.ts for every plain scalar.

const words = new Map<string, boolean | null>([
  ['', null],
  ...['~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word) => [word, true] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word) => [word, false] as const,
  ),
]);

const notFinite = new Map<string, number>([
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, Number.NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(
    (word) => [word, Number.POSITIVE_INFINITY] as const,
  ),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, Number.NEGATIVE_INFINITY] as const),
]);

const strayUnderscore = /(?<![0-9])_|_(?![0-9])/;
const floatForm = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const integerForms = [
  { form: /^[-+]?0[xX]([0-9a-fA-F]+)$/, prefix: '0x' },
  { form: /^[-+]?0[oO]?([0-7]+)$/, prefix: '0o' },
  { form: /^[-+]?0[bB]([01]+)$/, prefix: '0b' },
  { form: /^[-+]?(0|[1-9][0-9]*)$/, prefix: '' },
];
/** Longer digits are no integer of any use; reading them exactly would only take time. */
const maxIntegerLength = 100;

/** The value of a plain scalar: null, a boolean, a number (NaN and infinities included), a bigint, or the text itself. */
export function resolvePlainScalar(text: string): null | boolean | number | bigint | string {
  const word = words.get(text);
  if (word !== undefined) return word;
  const special = notFinite.get(text);
  if (special !== undefined) return special;
  if (!/[-+.0-9]/.test(text.charAt(0))) return text;
  // After a leading point underscores count between digits only; elsewhere they all go.
  if (text.startsWith('.') && strayUnderscore.test(text)) return text;
  const plain = text.replaceAll('_', '');
  return parseIntegerText(plain) ?? parseFloatText(plain) ?? text;
}

/** Exact, also beyond 64 bits: what no server can hold is refused later, by its place, and never rounded. */
function parseIntegerText(text: string): number | bigint | undefined {
  if (text.length > maxIntegerLength) return undefined;
  for (const { form, prefix } of integerForms) {
    const digits = form.exec(text)?.[1];
    if (digits === undefined) continue;
    const magnitude = BigInt(prefix + digits);
    return exactInteger(text.startsWith('-') ? -magnitude : magnitude);
  }
  return undefined;
}

/** A number where it is exact, a bigint beyond 2^53. */
function exactInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function parseFloatText(text: string): number | undefined {
  if (!floatForm.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
