// What runs out by itself, the soonest first: so that nobody is surprised. PURE. Called by status.ts.
// The wanted document is good for being accepted until a time; what runs goes on after it.
import { parseDesired } from '../../proto/document.ts';
import { decodeEnvelope } from '../../proto/envelope.ts';
import type { LocalFacts } from './local-facts.ts';
import { time } from './status-words.ts';

export interface Expiry {
  readonly what: 'certificate' | 'hold' | 'document';
  readonly at: string;
}

export function expiriesOf({ store, session, side }: LocalFacts): readonly Expiry[] {
  const notAfter = notAfterOf(store.desired.envelope());
  const known: Expiry[] = [];
  if (session.expiresAtMs !== null) known.push({ what: 'certificate', at: time(session.expiresAtMs) });
  if (side.hold !== undefined) known.push({ what: 'hold', at: time(side.hold.untilMs) });
  if (notAfter !== null) known.push({ what: 'document', at: notAfter });
  return known.toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

/** The envelope was verified when it was accepted; one that cannot be read is of another version. */
function notAfterOf(envelope: Uint8Array | undefined): string | null {
  if (envelope === undefined) return null;
  try {
    return new Date(parseDesired(decodeEnvelope(envelope).payload).notAfter).toISOString();
  } catch {
    return null;
  }
}
