// What operators decide about the identity of a site: hand out a join token, approve a machine, withdraw the site.
// Invariants: each is one transaction with its audit row; approving a machine replaces the one before and turns
// away the others that wait. Called by the REST API.
import type { Clock } from '../../daemon/clock.ts';
import type { Random } from '../../daemon/random.ts';
import { digestOf } from '../../proto/envelope.ts';
import { normaliseFingerprint } from '../../proto/fingerprint.ts';
import { endStock } from '../news/stock.ts';
import type { Store } from '../store/store.ts';
import { type Outcome, refused } from './outcome.ts';
import { newSecret } from './secret.ts';

export interface ApprovalDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/** Who decides, and why. */
export interface Decision {
  readonly who: string;
  readonly why: string | null;
}

/** The longest life of a join token. */
export const maxJoinTokenLifeMs = 24 * 3_600_000;

/** A new join token for a site. The secret is in this answer and nowhere else. */
export function issueJoinToken(
  deps: ApprovalDeps,
  siteId: string,
  options: Decision & { readonly lifeMs: number },
) {
  const { store, clock, random } = deps;
  const { secret, hash } = newSecret(random, 'join');
  const createdAtMs = clock.now();
  const expiresAtMs = createdAtMs + Math.min(options.lifeMs, maxJoinTokenLifeMs);
  return store.transaction((): Outcome<{ readonly token: string; readonly expiresAtMs: number }> => {
    if (store.sites.find(siteId)?.revokedAtMs !== null) return refused('SITE_REVOKED');
    store.joinTokens.add({ hash, siteId, createdAtMs, expiresAtMs });
    append(deps, { ...options, what: 'site.join-token', subject: siteId, digest: null });
    return { ok: true, token: secret, expiresAtMs };
  });
}

/** Approves the waiting machine with these six words. */
export function approveMachine(
  deps: ApprovalDeps,
  siteId: string,
  options: Decision & { readonly fingerprint: string },
) {
  const { store, clock } = deps;
  return store.transaction((): Outcome<{ readonly agent: number; readonly fingerprint: string }> => {
    if (store.sites.find(siteId)?.revokedAtMs !== null) return refused('SITE_REVOKED');
    const waiting = store.enrolments.pending(siteId);
    if (waiting.length === 0) return refused('SITE_NOT_JOINED');
    const chosen = waiting.find((one) => one.fingerprint === normaliseFingerprint(options.fingerprint));
    if (chosen === undefined)
      return refused('ENROLMENT_UNKNOWN', 'No waiting machine of this site shows these six words.');
    const approvedAtMs = clock.now();
    for (const one of waiting)
      store.enrolments.decide(one.id, one === chosen ? 'approved' : 'refused', approvedAtMs);
    const agent = store.devices.add({
      siteId,
      enrolmentId: chosen.id,
      deviceKey: chosen.deviceKey,
      approvedAtMs,
    });
    // Another machine may stand in another cluster; its first Hello says which.
    store.contacts.forgetCluster(siteId);
    append(deps, { ...options, what: 'site.approve', subject: siteId, digest: digestOf(chosen.deviceKey) });
    store.events.add({ siteId, atMs: approvedAtMs, news: { kind: 'joined', agent, who: options.who } });
    return { ok: true, agent, fingerprint: chosen.fingerprint };
  });
}

/** Withdraws the identity of a site, for good. What runs there goes on. */
export function revokeSite(deps: ApprovalDeps, siteId: string, decision: Decision): void {
  const { store, clock } = deps;
  store.transaction(() => {
    if (store.sites.find(siteId)?.revokedAtMs !== null) return;
    store.sites.revoke(siteId, clock.now());
    append(deps, { ...decision, what: 'site.revoke', subject: siteId, digest: null });
    store.events.add({ siteId, atMs: clock.now(), news: { kind: 'revoked', who: decision.who } });
    endStock(store, siteId, clock.now());
    turnAway(store, siteId, clock.now());
  });
}

/** In the transaction that ends a site: who waits for it learns that nobody will be let in. */
export function turnAway(store: Store, siteId: string, nowMs: number): void {
  for (const { id } of store.enrolments.pending(siteId)) store.enrolments.decide(id, 'refused', nowMs);
}

function append(
  { store, clock }: ApprovalDeps,
  entry: Decision & { what: string; subject: string; digest: string | null },
): void {
  const { who, why, what, subject, digest } = entry;
  store.audit.append({ atMs: clock.now(), who, what, subject, why, digest });
}
