// After each run: what is news goes into the outbox, what a person on site may ask stays in memory.
// Laws: a state is queued only when something but its time changed; runs that changed something or failed are never
// shed; free text of the API server is kept for the local screen alone. Called by the loop in main.ts.
import type { Condition } from '../../proto/conditions.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import type { StepKind } from '../plan/step.ts';
import type { Wanted } from '../plan/world.ts';
import type { AgentStore } from '../store/store.ts';
import { countRun, idOf, runReport } from './run-result.ts';
import type { HeldCondition, SeenRun } from './seen.ts';
import type { SideFacts } from './side-facts.ts';
import { stateReport } from './site-state.ts';

/** Why an object is not as wanted, in the words of the API server: for the screen on site, never sent. */
export interface ObjectProblem {
  readonly id: string;
  readonly code: ErrorCode;
  readonly detail: string;
}

/** The last run as the screen shows it. */
export interface LastRun {
  readonly run: SeenRun;
  readonly wanted: Wanted | null;
  readonly conditions: readonly HeldCondition[];
  readonly problems: readonly ObjectProblem[];
  readonly appliedCount: number;
}

export class Reporter {
  readonly #store: AgentStore;
  readonly #onQueued: () => void;
  readonly #side: () => SideFacts;
  readonly #problems = new Map<string, ObjectProblem>();
  #appliedCount = 0;
  #releaseDigest = '';
  #kubernetesVersion = '';
  #notInPlace: ReadonlySet<string> = new Set();
  #repairing: ReadonlySet<string> = new Set();
  #last: LastRun | undefined;
  /** Health was looked at since this process started. */
  #isHealthSeen = false;

  /** `onQueued` is told when the outbox has something new; `side` is asked for what else is known. */
  constructor(store: AgentStore, onQueued: () => void, side: () => SideFacts = () => ({})) {
    this.#store = store;
    this.#onQueued = onQueued;
    this.#side = side;
  }

  /** Undefined until the first run has ended. */
  get last(): LastRun | undefined {
    return this.#last;
  }

  report(run: SeenRun, wanted: Wanted | null): void {
    this.#remember(run, wanted);
    const { desired, outbox, journal } = this.#store;
    if (run.plan.applied && wanted !== null) desired.setRelease('running', wanted.release, run.endedAtMs);
    const counts = countRun(run, wanted);
    this.#store.atomically(() => {
      if (counts === undefined) return;
      journal.addRun(counts);
      outbox.queue('result', runReport(counts, run, wanted));
    });
    const isNews = this.#queueState(run, wanted, run.observed.now) || counts !== undefined;
    if (isNews) this.#onQueued();
  }

  /** Something besides the runs changed: health, the machine, isolation, a hold. Nothing is queued before the first run. */
  refresh(nowMs: number): void {
    if (this.#last === undefined) return;
    const { run, wanted } = this.#last;
    if (this.#queueState(run, wanted, nowMs)) this.#onQueued();
  }

  #queueState(run: SeenRun, wanted: Wanted | null, nowMs: number): boolean {
    const facts = this.#side();
    this.#isHealthSeen ||= facts.health !== undefined || wanted === null;
    const side = sideFor(wanted, facts);
    if (run.plan.applied && wanted !== null && side.health?.healthy === true)
      this.#store.desired.setRelease('last-healthy', wanted.release, nowMs);
    const conditions = this.#conditions(run.plan.conditions, side, nowMs);
    const state = stateReport({
      run,
      wanted,
      conditions,
      releases: this.#store.desired.releases(),
      appliedCount: this.#appliedCount,
      kubernetesVersion: this.#kubernetesVersion,
      notInPlace: this.#notInPlace,
      repairing: this.#repairing,
      side,
    });
    this.#last = {
      run,
      wanted,
      conditions,
      problems: [...this.#problems.values()],
      appliedCount: this.#appliedCount,
    };
    return this.#store.outbox.queueState(state);
  }

  /** Keeps what the next run may not see again: the last answers of a cluster that has gone away, and texts of failures. */
  #remember({ plan, observed, results }: SeenRun, wanted: Wanted | null): void {
    const releaseDigest = wanted?.release.digest ?? '';
    if (observed.cluster.ok || releaseDigest !== this.#releaseDigest) {
      this.#appliedCount = plan.appliedCount;
      this.#notInPlace = new Set(observed.cluster.ok ? plan.notInPlace : wanted?.objects.map(({ id }) => id));
      this.#repairing = new Set(plan.repairing);
    }
    if (observed.cluster.ok) this.#kubernetesVersion = observed.cluster.version;
    this.#releaseDigest = releaseDigest;
    for (const result of results) {
      const id = idOf(result.step);
      if (id === undefined) continue;
      if (result.ok && endsProblem.has(result.step.kind)) this.#problems.delete(id);
      if (result.ok) continue;
      this.#problems.set(id, { id, code: result.code, detail: result.detail });
    }
    for (const id of this.#problems.keys()) if (!observed.inventory.has(id)) this.#problems.delete(id);
  }

  #conditions(planned: readonly Condition[], side: SideFacts, nowMs: number): readonly HeldCondition[] {
    const all = [...planned, ...siteConditions(this.#store), ...sideConditions(side)];
    const codes = new Set(all.map(({ code }) => code));
    // A start of the agent ends nothing of what it has not looked at yet.
    const since = this.#store.conditions.hold(codes, nowMs, new Set(this.#isHealthSeen ? [] : healthCodes));
    return all.map((condition) => ({ ...condition, sinceMs: since.get(condition.code) ?? nowMs }));
  }
}

/** Steps whose success means that the object is as it should be. */
const endsProblem: ReadonlySet<StepKind> = new Set(['apply', 'delete', 'forget']);

/** What the store knows of the site itself. */
function siteConditions({ site, desired, journal, isFull }: AgentStore): readonly Condition[] {
  const codes: Condition['code'][] = [];
  const refusal = journal.openRefusal();
  const offered = desired.releases().get('offered');
  // What a hold refused is said by HeldOnSite: somebody here wanted it so.
  if (refusal !== undefined && refusal.code !== 'SITE_HELD') codes.push('OfferRefused');
  if (refusal === undefined && offered !== undefined && offered.digest !== desired.held()?.release.digest)
    codes.push('ContentIncomplete');
  if ((site.read()?.revokedAtMs ?? null) !== null) codes.push('SiteRevoked');
  if (isFull()) codes.push('StoreFull');
  return codes.map((code) => ({ code, count: 0 }));
}

/** Health that was looked at for another document says nothing about this one. */
function sideFor(wanted: Wanted | null, side: SideFacts): SideFacts {
  return side.health?.generation === wanted?.generation ? side : { ...side, health: undefined };
}

const nodeCodes = ['NodeNotReady', 'NodeSilent', 'ContainerRuntimeDown'] as const;
/** What only a look at health can tell. */
const healthCodes = ['NotHealthy', 'HealthInProgress', 'HealthUnknown', ...nodeCodes] as const;

/** What the other rooms found; of health: how many objects fail, are on their way, or could not be looked at. */
function sideConditions({ health, host, isolation, hold, session = [] }: SideFacts): readonly Condition[] {
  const withStatus = (...wanted: readonly string[]) =>
    (health?.objects ?? []).filter(({ status }) => wanted.includes(status)).length;
  const counted: readonly Condition[] = [
    { code: 'NotHealthy', count: withStatus('failed') },
    { code: 'HealthInProgress', count: withStatus('in-progress', 'terminating') },
    { code: 'HealthUnknown', count: withStatus('unknown') },
    ...nodeCodes.map((code) => ({
      code,
      count: (health?.nodes ?? []).filter((node) => node.code === code).length,
    })),
  ];
  return [
    ...counted.filter(({ count }) => count > 0),
    ...(host?.conditions ?? []),
    ...(isolation?.conditions ?? []),
    ...session,
    ...(hold === undefined ? [] : [{ code: 'HeldOnSite', count: 0 } as const]),
  ];
}
