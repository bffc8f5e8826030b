// One thing that is wrong with the sources of a release: a code of the closed list and the place to look at.
// All problems of a release are collected and shown together; none is thrown. Read by people through
// formatProblem, by programs as JSON.

import { type ErrorCode, errors } from '../proto/errors.ts';

export interface Problem {
  readonly code: ErrorCode;
  /** As the author named it: the argument of the command joined with the path below it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The facts of the case, one sentence without a full stop. */
  readonly detail: string;
}

/** `file:line: CODE: what is wrong` and, on a second line, what to do. */
export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}: ${problem.code}: ${problem.detail}\n    ${errors[problem.code].next}`;
}

/** Stable order for people and tests: by file, line, code, text. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return problems.toSorted(
    (a, b) =>
      compareText(a.file, b.file) ||
      a.line - b.line ||
      compareText(a.code, b.code) ||
      compareText(a.detail, b.detail),
  );
}

/** Orders by UTF-16 code units: the same on every machine and in every locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
