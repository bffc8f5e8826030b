// The clock of this machine, as far as it can be judged alone: does a time service keep it, and does the certificate of
// this site begin in the past? The hops `tls` and `control plane` compare it with the other side. Called by examine.ts.
import { systemExec } from '../../daemon/exec.ts';
import { isClockSynchronised } from '../host/clock-synchronised.ts';
import { time } from '../local/status-words.ts';
import { finding } from './findings.ts';
import { fine, hop, wrong } from './hop.ts';

export const lookAtClock = hop(
  'clock',
  ['settings'],
  async ({ leaf }, { clock, environment, timeoutMs, signal }) => {
    const nowMs = clock.now();
    const now = time(nowMs);
    if (leaf !== undefined && leaf !== null && nowMs < leaf.notBeforeMs) {
      const from = time(leaf.notBeforeMs);
      return wrong(
        finding('ClockOff', `it is ${now} here, and the certificate of this site begins at ${from}`),
      );
    }
    const patience = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const isSynchronised = await isClockSynchronised(systemExec(environment), patience);
    if (isSynchronised === false) return wrong(finding('ClockNotSynchronised', now));
    return fine(
      `${now}, ${isSynchronised === true ? 'synchronised' : 'nobody here knows whether it is synchronised'}`,
    );
  },
);

/** From here on the other side's certificates and ours are in danger. */
export const maxClockDifferenceMs = 60_000;

/** `2 h 3 min ahead of the control plane` */
export function differenceText(differenceMs: number): string {
  const seconds = Math.round(Math.abs(differenceMs) / 1000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'min'],
    [seconds % 60, 's'],
  ];
  const shown = parts.filter(([count]) => count > 0).slice(0, 2);
  return `${shown.map(([count, unit]) => `${count} ${unit}`).join(' ')} ${differenceMs > 0 ? 'ahead of' : 'behind'} the control plane`;
}
