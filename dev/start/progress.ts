// One line per step on standard error, with how long it took; standard output belongs to the result.
// Used by everything under dev/start.
import type { Clock } from '../../daemon/clock.ts';

/** Prints steps and keeps their durations in seconds, by name, for the JSON line of --once. */
export interface Progress {
  /** `isDone` says of a result whether what the title names has come about; without it, it has. */
  readonly step: <T>(
    name: string,
    title: string,
    work: () => Promise<T>,
    isDone?: (result: T) => boolean,
  ) => Promise<T>;
  readonly say: (line: string) => void;
  readonly seconds: () => Readonly<Record<string, number>>;
}

export function createProgress(clock: Clock, write: (text: string) => void): Progress {
  const seconds: Record<string, number> = {};
  const say = (line: string): void => write(`${line}\n`);
  return {
    say,
    seconds: () => seconds,
    step: async (name, title, work, isDone = () => true) => {
      const startedAt = clock.monotonic();
      say(`  ${title} ...`);
      const result = await work();
      const took = Math.round((clock.monotonic() - startedAt) / 100) / 10;
      seconds[name] = took;
      say(`  ${title}: ${isDone(result) ? 'done in' : 'not after'} ${took.toFixed(1)} s`);
      return result;
    },
  };
}
