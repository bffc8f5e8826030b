// From what the clients of the probe reached to a verdict. PURE. The allowed client is the control: without it, a
// server that had crashed would look like a policy at work. A forbidden connection that came about needs no control.
// Called by network-trial.ts.
import type { Verdict } from '../store/isolation.ts';

/** How the last tries of a client ended; anything else that it may write means nothing to us. */
export const flowResults = ['reached', 'refused', 'unreachable', 'timed-out'] as const;
export type FlowResult = (typeof flowResults)[number];

/** One result per client: null when it told none. */
export interface Flows {
  /** A policy of the server lets it in. */
  readonly allowed: FlowResult | null;
  /** The policy of the server does not. */
  readonly denied: FlowResult | null;
  /** The server would let it in, but a policy of its own does not let it out. */
  readonly shutIn: FlowResult | null;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** In words; empty when enforced. */
  readonly why: string;
}

export function judge({ allowed, denied, shutIn }: Flows): Judgement {
  const cameThrough = [
    ...(denied === 'reached' ? ['a pod was reached although its policy forbids it'] : []),
    ...(shutIn === 'reached' ? ['a pod reached out although its policy forbids it'] : []),
  ];
  if (cameThrough.length > 0) return { verdict: 'not-enforced', why: cameThrough.join('; ') };
  if (allowed === null || denied === null || shutIn === null)
    return { verdict: 'unproven', why: 'not every pod of the probe told what it reached' };
  if (allowed !== 'reached')
    return { verdict: 'unproven', why: `the allowed connection did not come about either: ${allowed}` };
  return { verdict: 'enforced', why: '' };
}

/** What a client wrote when it ended. */
export function flowResult(message: string): FlowResult | null {
  const word = message.trim();
  return flowResults.find((known) => known === word) ?? null;
}
