// Waiting for a site: until what is wanted is applied, until it works, until isolation was tried. What does not come is
// told in the words of the site. Called by start.ts.
import type { Clock } from '../../daemon/clock.ts';
import { type FleetWithSite, type SiteFacts, showSite } from './site.ts';

export interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const applyTimeoutMs = 120_000;
const healthTimeoutMs = 60_000;
const isolationTimeoutMs = 20_000;
const pollIntervalMs = 200;

/** Until everything is applied, or the site has refused the release, or two minutes have passed: `isApplied` says which. */
export async function untilApplied(fleet: FleetWithSite, waiting: Waiting): Promise<SiteFacts> {
  const isSettled = (facts: SiteFacts): boolean => isApplied(facts) || refusalOf(facts) !== null;
  return await lookUntil(fleet, { ...waiting, timeoutMs: applyTimeoutMs }, isSettled);
}

/** What is wanted now, all of it. */
export function isApplied(facts: SiteFacts): boolean {
  const { desired, state } = facts;
  // A state from before a refusal is of an earlier generation.
  return (
    desired !== null && state?.generation === desired.generation && state.applied && refusalOf(facts) === null
  );
}

function refusalOf({ desired, refused }: SiteFacts): SiteFacts['refused'] {
  return refused !== null && refused.generation === desired?.generation ? refused : null;
}

/** Why what is wanted is not applied, and what to do, in the words of the site. */
export function notAppliedText(facts: SiteFacts): string {
  const refused = refusalOf(facts);
  if (refused !== null) return `The site did not take it. ${refused.code}: ${refused.text}\n${refused.next}`;
  const { state, desired } = facts;
  const has = state?.generation === desired?.generation ? (state?.objectsApplied ?? 0) : 0;
  const conditions = (state?.conditions ?? []).filter(({ severity }) => severity !== 'info');
  return [
    `Not everything is applied yet: ${has} of ${state?.objectsWanted ?? '?'} objects`,
    ...conditions.map(({ code, text }) => `  ${code}: ${text}`),
  ].join('\n');
}

export interface HealthFacts {
  readonly facts: SiteFacts;
  /** Everything applied works, as the site saw after `sinceMs` and the operator sees too. */
  readonly isHealthy: boolean;
}

/**
 * Until everything works, or a minute has passed: the answer says which. What was seen before `sinceMs`, ms UTC, does not
 * count: the pods of an earlier run are gone, however recent its news.
 */
export async function untilHealthy(
  fleet: FleetWithSite,
  { sinceMs, ...waiting }: Waiting & { readonly sinceMs: number },
): Promise<HealthFacts> {
  let isHealthy = false;
  const facts = await lookUntil(fleet, { ...waiting, timeoutMs: healthTimeoutMs }, async (seen) => {
    isHealthy = isReportedHealthy(seen) && (await isSeenHealthy(fleet, sinceMs));
    return isHealthy;
  });
  return { facts, isHealthy };
}

/** At the operator's end. */
function isReportedHealthy({ state, verdict }: SiteFacts): boolean {
  return state?.healthy === true && state.applied && verdict.word === 'healthy' && verdict.isNews;
}

/** At the site's end. */
async function isSeenHealthy({ commands }: FleetWithSite, sinceMs: number): Promise<boolean> {
  const { health } = (await commands.agentStatus()) as {
    readonly health: { readonly state: string; readonly lookedAt: string | null };
  };
  return health.state === 'healthy' && Date.parse(health.lookedAt ?? '') >= sinceMs;
}

/** Until it was tried whether network policies are enforced, where that can be tried. */
export async function untilIsolationTried(fleet: FleetWithSite, waiting: Waiting): Promise<SiteFacts> {
  return await lookUntil(fleet, { ...waiting, timeoutMs: isolationTimeoutMs }, isIsolationTried);
}

/** Unproven without a time and without its condition: the first trial is still to come. */
export function isIsolationTried({ state }: SiteFacts): boolean {
  return (
    (state?.isolation?.checkedAt ?? null) !== null ||
    (state?.conditions ?? []).some(({ code }) => code === 'NetworkPolicyUnproven')
  );
}

/** What does not work, one line an object. */
export function unhealthyText({ unhealthy, verdict }: SiteFacts): string {
  const lines = unhealthy.map(({ object, text, next }) => {
    const name =
      object === null
        ? 'an object'
        : `${object.kind} ${[object.namespace, object.name].filter(Boolean).join('/')}`;
    return `  ${name}: ${text} ${next}`;
  });
  return [`Not everything works yet; the site says: ${verdict.text}`, ...lines].join('\n');
}

const isolationTexts = {
  enforced: 'network policies are enforced here',
  'not-enforced':
    'network policies are NOT enforced here: pods reach each other whatever the policies say. Health does not depend on it',
  unproven: 'it is not known whether network policies are enforced here',
} as const;

/** What was shown of isolation. */
export function isolationText({ state }: SiteFacts): string {
  return isolationTexts[state?.isolation?.networkPolicy ?? 'unproven'];
}

async function lookUntil(
  fleet: FleetWithSite,
  { clock, signal, timeoutMs }: Waiting & { readonly timeoutMs: number },
  condition: (facts: SiteFacts) => boolean | Promise<boolean>,
): Promise<SiteFacts> {
  const deadline = clock.monotonic() + timeoutMs;
  for (;;) {
    const facts = await showSite(fleet);
    if ((await condition(facts)) || clock.monotonic() > deadline) return facts;
    await clock.sleep(pollIntervalMs, signal);
  }
}
