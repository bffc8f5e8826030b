// The status as the screen and programs get it (`tre-agent status -o json`). Pure types; its schema is status-schema.ts.
// It never leaves this machine: so objects have their names here and the API server its words. Made by status.ts.
import type { ErrorCode } from '../../proto/errors.ts';
import type { ShownCondition } from './status-conditions.ts';
import type { Expiry } from './status-expiry.ts';
import type { ShownComponent, ShownHealth } from './status-health.ts';
import type { ShownIsolation, ShownMachine } from './status-machine.ts';

export type VerdictWord =
  | 'GREEN'
  | 'RED'
  | 'ATTENTION'
  | 'WAITING'
  | 'READY'
  | 'STARTING'
  | 'WORKING'
  | 'UNKNOWN';

export interface Verdict {
  readonly word: VerdictWord;
  readonly text: string;
  /** What to do; empty when there is nothing. */
  readonly next: string;
}

/** Times are RFC 3339, UTC. */
export interface AgentStatus {
  /** The first line of the screen: how it stands, in one word and one sentence, and what to do. */
  readonly verdict: Verdict;
  /** True when something is broken and a person should look. */
  readonly isRed: boolean;
  readonly version: string;
  readonly now: string;
  readonly site: { readonly id: string; readonly name: string } | null;
  /** The six words of this machine while it waits for approval. */
  readonly fingerprint: string | null;
  readonly controlPlane: {
    readonly address: string;
    readonly state: 'connected' | 'pending' | 'unreachable' | 'connecting' | 'refused';
    /** When it last answered; null for never. */
    readonly lastContact: string | null;
    readonly certificateUntil: string | null;
    readonly code: ErrorCode | null;
    readonly detail: string | null;
  };
  readonly wanted: {
    readonly release: string;
    readonly digest: string;
    readonly generation: number;
    readonly epoch: number;
    readonly since: string;
  } | null;
  readonly running: { readonly release: string; readonly digest: string; readonly since: string } | null;
  readonly cluster: {
    readonly state: 'unknown' | 'ready' | 'away';
    readonly version: string | null;
    readonly detail: string | null;
    readonly lookedAt: string | null;
    /** Nobody has looked for so long that what is said of it may no longer hold. */
    readonly isOld: boolean;
  };
  /** All that is wanted, as of the last look for the document that is wanted; so are the next two. */
  readonly applied: boolean;
  readonly drifted: boolean;
  readonly objects: { readonly wanted: number; readonly applied: number; readonly waiting: number };
  readonly components: readonly ShownComponent[];
  readonly health: ShownHealth;
  readonly isolation: ShownIsolation | null;
  readonly machine: ShownMachine | null;
  readonly hold: { readonly since: string; readonly until: string; readonly why: string } | null;
  /** What runs out, the soonest first. */
  readonly expires: readonly Expiry[];
  readonly conditions: readonly ShownCondition[];
  readonly problems: readonly {
    readonly object: string;
    readonly code: ErrorCode;
    readonly detail: string;
  }[];
  readonly kept: readonly string[];
  readonly refusal: {
    readonly code: ErrorCode;
    readonly generation: number;
    readonly at: string;
    readonly text: string;
    readonly next: string;
  } | null;
  /** The last run that changed something or failed at something. */
  readonly lastChange: {
    readonly at: string;
    readonly applied: number;
    readonly repaired: number;
    readonly deleted: number;
    readonly failed: number;
  } | null;
  readonly reportsWaiting: number;
}
