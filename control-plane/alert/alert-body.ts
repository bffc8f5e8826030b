// An event as its alert: what the receiver gets, and the signature that shows who sent it. PURE but for the hash.
// The receiver computes HMAC-SHA256 over `<timestamp>.<body>` with the shared secret, compares, and refuses timestamps
// that are old; `id` and `at` together tell it what it had already. Called by alerts.ts.
import { createHmac } from 'node:crypto';
import { codeOf, nextOf, phaseOf, textOf } from '../fleet/event-words.ts';
import { type News, severityOf } from '../fleet/news.ts';
import type { FleetEvent } from '../store/events.ts';

/** The JSON of an alert. */
export interface Alert {
  /** Of the event: rises, and is the same when the alert is sent again. A restored backup gives ids anew. */
  readonly id: number;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly site: { readonly id: string; readonly name: string };
  readonly kind: News['kind'];
  readonly code: string | null;
  readonly phase: 'began' | 'ended';
  readonly severity: 'error' | 'warning' | 'info';
  readonly text: string;
  readonly next: string | null;
}

export function alertOf({ id, atMs, siteId, siteName, news }: FleetEvent): Alert {
  const phase = phaseOf(news) ?? (severityOf(news) === 'error' ? 'began' : 'ended');
  return {
    id,
    at: new Date(atMs).toISOString(),
    site: { id: siteId, name: siteName },
    kind: news.kind,
    // What ends has the code that it began with.
    code: phase === 'ended' && news.kind === 'contact' ? news.before : codeOf(news),
    phase,
    severity: phase === 'ended' ? 'info' : severityOf(news),
    text: textOf(news),
    next: phase === 'ended' ? null : nextOf(news),
  };
}

/** Value of x-tre-signature; `timestamp` is seconds since 1970 UTC, as in x-tre-timestamp. */
export function alertSignature(secret: Uint8Array, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`, 'utf8').digest('hex')}`;
}
