// How the verbs of this process answer: what was asked for, or one code of the closed list and what to know about the
// case. Expected refusals are values; only what nobody can plan around is thrown. Used by trust, sync and api.
import type { ErrorCode } from '../../proto/errors.ts';

export interface Refused {
  readonly ok: false;
  readonly code: ErrorCode;
  /** Facts of the case in one sentence; without it the sentence of the code stands alone. */
  readonly detail?: string;
}

export type Outcome<T extends object = object> = ({ readonly ok: true } & T) | Refused;

/** A refusal. */
export function refused(code: ErrorCode, detail?: string): Refused {
  return detail === undefined ? { ok: false, code } : { ok: false, code, detail };
}
