// How far a build is, as lines for people: at most one every ten seconds, with the time that is left.
// Pure apart from the clock it is given. Called by build.ts for every line that the Go client prints.
import type { Clock } from '../../daemon/clock.ts';

export interface BuildProgress {
  /** One line of the Go client: the path of a package that is being compiled, or a download. */
  seen(line: string): void;
}

const intervalMs = 10_000;
// Before this share is compiled a forecast would be noise; the first packages are small.
const forecastFrom = 0.05;

/** `total` is the number of packages to compile, undefined while it is being found out. */
export function buildProgress(
  total: number | undefined,
  tools: { clock: Clock; log: (line: string) => void },
): BuildProgress {
  const { clock, log } = tools;
  const startedAt = clock.monotonic();
  let spokeAt = startedAt;
  let done = 0;
  let downloads = 0;
  return {
    seen(line) {
      if (line.startsWith('go: downloading ')) downloads += 1;
      else done += 1;
      const now = clock.monotonic();
      const isLast = done === total;
      if (!isLast && now - spokeAt < intervalMs) return;
      spokeAt = now;
      if (isLast)
        return log(
          `  all ${done} packages compiled, ${duration(now - startedAt)}; linking takes another 20 s`,
        );
      if (total === undefined) log(`  ${downloads} modules downloaded, ${duration(now - startedAt)}`);
      else
        log(
          `  ${compiled(done, total)}, ${duration(now - startedAt)}${forecast(done / total, now - startedAt)}`,
        );
    },
  };
}

function compiled(done: number, total: number): string {
  return `${Math.floor((100 * done) / total)} % (${done} of ${total} packages)`;
}

function forecast(share: number, elapsedMs: number): string {
  return share < forecastFrom ? '' : `, about ${duration((elapsedMs * (1 - share)) / share)} left`;
}

/** 125,000 ms -> '2 min 5 s' */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
