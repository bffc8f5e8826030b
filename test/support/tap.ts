// Reads the TAP that AVA prints, line by line: one result per test as it comes, the counts at the end.
// Invariants: AVA's own summary decides the counts; without one (a crash) the run has failed at least once.
// Called by test/run.ts.

export interface TapResult {
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly title: string;
}

export interface TapCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface TapReader {
  line(text: string): void;
  /** Call once, after the last line. */
  end(): TapCounts;
}

export interface TapListener {
  /** A test has ended. */
  result(result: TapResult): void;
  /** A line about the failure reported last, without TAP's indentation. */
  detail(text: string): void;
}

export function readTap(listener: TapListener): TapReader {
  const seen = { passed: 0, failed: 0, skipped: 0 };
  const summary = new Map<string, number>();
  let failing = false;
  return {
    line(text) {
      const result = parseResult(text);
      const total = /^# (pass|fail|skip) (\d+)$/.exec(text);
      if (result !== undefined) {
        seen[result.outcome] += 1;
        failing = result.outcome === 'failed';
        listener.result(result);
      } else if (total !== null) {
        summary.set(total[1] ?? '', Number(total[2]));
      } else if (failing && isDetail(text)) {
        listener.detail(text.replace(/^(#| ) {2,3}/, ''));
      }
    },
    end: () => ({
      passed: summary.get('pass') ?? seen.passed,
      failed: summary.get('fail') ?? seen.failed + 1,
      skipped: seen.skipped,
    }),
  };
}

// `ok 3 - file › title # SKIP`; the other mark of four letters is for a planned test, which counts as skipped too.
function parseResult(text: string): TapResult | undefined {
  const match = /^(ok|not ok) \d+ - (.*?)( # [A-Z]{4})?$/.exec(text);
  if (match === null) return undefined;
  const [, word, title = '', directive] = match;
  if (directive !== undefined) return { outcome: 'skipped', title };
  return { outcome: word === 'ok' ? 'passed' : 'failed', title };
}

// The YAML block of a failure, and what the test logged (`#   text`).
function isDetail(text: string): boolean {
  return (text.startsWith('  ') && !['  ---', '  ...'].includes(text)) || text.startsWith('#   ');
}
