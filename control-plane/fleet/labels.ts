// What a label of a site may be. PURE. Labels are the operator's own words; the sites never hear of them.
// Keys and values have the form that Kubernetes gives them, so that one may be copied to the other.

/** `name` or `prefix/name`: the prefix a DNS name, the name at most 63 characters. */
const keyForm =
  /^(?:(?=[^/]{1,253}\/)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/;
const valueForm = /^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/;

/** How many a site may have. */
export const maxLabels = 32;

export function isLabelKey(text: string): boolean {
  return keyForm.test(text);
}

export function isLabelValue(text: string): boolean {
  return valueForm.test(text);
}

/** One wish about labels: has this key, with this value when there is one. */
export interface LabelWish {
  readonly key: string;
  readonly value: string | null;
}

/** `key` or `key=value`; undefined for what can be neither. */
export function readLabelWish(text: string): LabelWish | undefined {
  const at = text.indexOf('=');
  const [key, value] = at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
  return isLabelKey(key) && (value === null || isLabelValue(value)) ? { key, value } : undefined;
}

/** True when all wishes are met. */
export function hasLabels(labels: Readonly<Record<string, string>>, wishes: readonly LabelWish[]): boolean {
  return wishes.every(
    ({ key, value }) => Object.hasOwn(labels, key) && (value === null || labels[key] === value),
  );
}
