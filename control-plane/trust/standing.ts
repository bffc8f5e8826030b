// Does a client certificate still count? Asked when a call begins and again for every message, because neither expiry
// nor revocation ends an open connection by itself. Called by sync/.
import type { Clock } from '../../daemon/clock.ts';
import type { LeafStanding } from '../store/devices.ts';
import type { Store } from '../store/store.ts';
import { type Outcome, refused } from './outcome.ts';

/** The site behind a leaf, by the digest of its DER; undefined when the caller showed no certificate. */
export function standingOf(
  deps: { readonly store: Store; readonly clock: Clock },
  leafFingerprint: string | undefined,
): Outcome<{ readonly site: LeafStanding }> {
  if (leafFingerprint === undefined) return refused('CERTIFICATE_REQUIRED');
  const site = deps.store.devices.standing(leafFingerprint);
  if (site === undefined)
    return refused('CERTIFICATE_REQUIRED', 'This certificate is not one that was issued here.');
  if (site.siteRevokedAtMs !== null) return refused('SITE_REVOKED');
  if (site.deviceReplacedAtMs !== null)
    return refused('SITE_REVOKED', 'Another machine has taken the place of this one.');
  if (deps.clock.now() > site.notAfterMs)
    return refused('CERTIFICATE_REQUIRED', 'The certificate has expired: renew it.');
  return { ok: true, site };
}
