// What an executor hands back to act.ts: done, with what to record of an apply, or failed with a code of the closed
// list. Values only: an executor throws nothing but the reason of an aborted signal.
import type { ErrorCode } from '../../proto/errors.ts';
import type { ApiFailure } from '../cluster/api.ts';
import type { AppliedFacts } from './ports.ts';

export type Done =
  | { readonly ok: true; readonly applied?: Pick<AppliedFacts, 'uid' | 'ownHash'> }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly detail: string;
      readonly retryAfterMs: number | null;
      /** The object is somebody else's, and nothing of ours is left on it: its row has no meaning any more. */
      readonly disowned?: true;
    };

export function failed(code: ErrorCode, detail: string): Done {
  return { ok: false, code, detail, retryAfterMs: null };
}

export function failedBy({ code, detail, retryAfterMs }: ApiFailure): Done {
  return { ok: false, code, detail, retryAfterMs };
}

/** Discovery said otherwise a moment ago. */
export const notServed: Done = failed('NOT_FOUND', 'the API server does not serve this kind');
