// What a command of this folder says when it fails, and what it ends with: what is wrong, why, and what to do where the
// error has a code. Invariant: lines stay lines, for some of them are a list of ways out. Called by start and kubernetes.
import { errorChain } from '../daemon/errors.ts';
import { errors, TreError } from '../proto/errors.ts';

export interface FailureWords {
  readonly text: string;
  readonly exitCode: number;
}

/** Its message is for people and says all there is to say, such as what a command of ours said. */
export class Told extends Error {
  readonly exitCode: number;

  constructor(text: string, exitCode = 1) {
    super(text);
    this.name = 'Told';
    this.exitCode = exitCode;
  }
}

export function failureWords(error: unknown): FailureWords {
  if (error instanceof Told) return { text: error.message, exitCode: error.exitCode };
  if (!(error instanceof TreError)) return { text: errorChain(error), exitCode: 1 };
  const { next, exit } = errors[error.code];
  const why = error.cause === undefined ? '' : `: ${errorChain(error.cause)}`;
  return { text: `${error.message}${why}\n${next}`, exitCode: exit };
}
