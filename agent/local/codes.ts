// All codes that a person may see, in one list: conditions, errors and reasons of health, with what they mean and what to
// do; and the codes that a mistyped one may stand for. PURE. Called by explain-command.ts.
import { conditions } from '../../proto/conditions.ts';
import { errors } from '../../proto/errors.ts';
import { healthReasons } from '../../proto/health-reasons.ts';

export interface Explanation {
  readonly code: string;
  readonly kind: 'condition' | 'error' | 'health reason' | 'finding of doctor';
  /** How bad: of a condition its severity, of an error its exit code, of a reason the health that it stands for; may be empty. */
  readonly weight: string;
  readonly text: string;
  readonly next: string;
}

const closedLists: readonly Explanation[] = [
  ...Object.entries(conditions).map(
    ([code, { severity, ...words }]) => ({ code, kind: 'condition', weight: severity, ...words }) as const,
  ),
  ...Object.entries(errors).map(
    ([code, { exit, text, next }]) =>
      ({ code, kind: 'error', weight: `exit code ${exit}`, text, next }) as const,
  ),
  ...Object.entries(healthReasons).map(
    ([code, { status, ...words }]) => ({ code, kind: 'health reason', weight: status, ...words }) as const,
  ),
];

/** What a text may mean, however it is written; empty for no code. `more` are codes of other rooms. */
export function explanationsOf(text: string, more: readonly Explanation[] = []): readonly Explanation[] {
  return [...closedLists, ...more].filter(({ code }) => bare(code) === bare(text));
}

const shownNear = 5;

/** The codes that look like a text, the nearest first. */
export function nearCodes(text: string, more: readonly Explanation[] = []): readonly string[] {
  const given = bare(text);
  const far = Math.max(2, Math.floor(given.length / 3));
  const near = [...closedLists, ...more].map(({ code }) => ({ code, far: distance(given, bare(code)) }));
  const within = near.filter(
    (one) => one.far <= far || (given.length >= 4 && bare(one.code).includes(given)),
  );
  const codes = within.toSorted((one, other) => one.far - other.far).map(({ code }) => code);
  return [...new Set(codes)].slice(0, shownNear);
}

function bare(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** How many letters have to be changed, added or taken away. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of Array.from(one).entries()) {
    const next = [at + 1];
    for (let to = 1; to <= other.length; to += 1) {
      const change = (row[to - 1] ?? 0) + (letter === other[to - 1] ? 0 : 1);
      next.push(Math.min(change, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
