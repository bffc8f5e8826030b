// How old the news of a site is, in one word. PURE.
// Every screen and answer that says something about a site says this beside it: nothing is "applied" or "drifted"
// without it. Called by the REST API and the metrics.

/** live: heard of within three heartbeats; stale: within a quarter of an hour; expired: its certificate has run out. */
export type ContactClass = 'live' | 'stale' | 'offline' | 'expired';

export const liveForMs = 90_000;
export const staleForMs = 15 * 60_000;

/** What is known about the contact with a site; null when there was none yet. */
export interface Contact {
  readonly lastContactMs: number | null;
  /** End of the newest certificate of the machine that counts now; null while that has none yet. */
  readonly leafNotAfterMs: number | null;
}

/** The class of a contact at a moment; null when the site never joined. One that waits for another machine is silent. */
export function contactClass(contact: Contact, nowMs: number): ContactClass | null {
  if (contact.leafNotAfterMs !== null && nowMs > contact.leafNotAfterMs) return 'expired';
  if (contact.lastContactMs === null) return contact.leafNotAfterMs === null ? null : 'offline';
  // News from the future (a clock that was set back) is as doubtful as news that old.
  const ageMs = Math.abs(nowMs - contact.lastContactMs);
  if (ageMs <= liveForMs) return 'live';
  return ageMs <= staleForMs ? 'stale' : 'offline';
}
