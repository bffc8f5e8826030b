// The clock of this machine, as far as it can be judged alone: a certificate that begins in the future tells that the
// clock is behind. The hops `tls` and `control plane` compare it with the other side. Called by examine.ts.
import { finding } from './findings.ts';
import { fine, hop, wrong } from './hop.ts';

export const lookAtClock = hop('clock', ['leaf'], async ({ leaf }, { clock }) => {
  const nowMs = clock.now();
  const now = new Date(nowMs).toISOString();
  if (leaf !== null && nowMs < leaf.notBeforeMs) {
    const from = new Date(leaf.notBeforeMs).toISOString();
    return wrong(
      finding('ClockOff', `it is ${now} here, and the certificate of this site begins at ${from}`),
    );
  }
  return fine(now);
});

/** From here on the other side's certificates and ours are in danger. */
export const maxClockDifferenceMs = 60_000;

/** `2 h 3 min ahead of the control plane` */
export function differenceText(differenceMs: number): string {
  const seconds = Math.round(Math.abs(differenceMs) / 1000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'min'],
    [seconds % 60, 's'],
  ];
  const shown = parts.filter(([count]) => count > 0).slice(0, 2);
  return `${shown.map(([count, unit]) => `${count} ${unit}`).join(' ')} ${differenceMs > 0 ? 'ahead of' : 'behind'} the control plane`;
}
