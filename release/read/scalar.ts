// The Kubernetes schema of YAML: what a plain (unquoted) scalar means to kubectl, which reads YAML 1.1 with habits
// of its own: 0644 is octal, 0o644 too, yes and on are true, 1_000 is 1000, dates and 12:30:45 stay text, and what
// looks like a number but fits no number (1e400) is text. Integers keep every digit (bigint above 2^53).
// Pure; called by yaml.ts for every plain scalar.

const words = new Map<string, boolean | null>([
  ['', null],
  ...['~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);

const notFinite = new Map<string, number>([
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, Number.NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Number.POSITIVE_INFINITY] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, Number.NEGATIVE_INFINITY] as const),
]);

const floatForm = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const integerForms = [
  { form: /^[-+]?0[xX]([0-9a-fA-F]+)$/, prefix: '0x' },
  { form: /^[-+]?0[oO]?([0-7]+)$/, prefix: '0o' },
  { form: /^[-+]?0[bB]([01]+)$/, prefix: '0b' },
  { form: /^[-+]?(0|[1-9][0-9]*)$/, prefix: '' },
];
/** Beyond what an unsigned 64-bit integer holds the text is read as a float, or stays text. */
const maxUint64 = 2n ** 64n - 1n;
const minInt64 = -(2n ** 63n);

/** The value of a plain scalar: null, a boolean, a number (NaN and infinities included), a bigint, or the text itself. */
export function resolvePlainScalar(text: string): null | boolean | number | bigint | string {
  const word = words.get(text);
  if (word !== undefined) return word;
  const special = notFinite.get(text);
  if (special !== undefined) return special;
  const first = text.charAt(0);
  if (first === '.') return parseFloatText(text) ?? text;
  if (!/[-+0-9]/.test(first)) return text;
  const plain = text.replaceAll('_', '');
  return parseIntegerText(plain) ?? parseFloatText(plain) ?? text;
}

function parseIntegerText(text: string): number | bigint | undefined {
  for (const { form, prefix } of integerForms) {
    const digits = form.exec(text)?.[1];
    if (digits === undefined) continue;
    const magnitude = BigInt(prefix + digits);
    const value = text.startsWith('-') ? -magnitude : magnitude;
    return value < minInt64 || value > maxUint64 ? undefined : exactInteger(value);
  }
  return undefined;
}

/** A number where it is exact, a bigint beyond 2^53. */
export function exactInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function parseFloatText(text: string): number | undefined {
  if (!floatForm.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
