// What the agent knows of itself, as one plain value for the screen and for programs (`tre-agent status -o json`).
// PURE. It never leaves this machine: so objects have their names here and the API server its words.
// Built by answers.ts for each question that comes over the socket; its schema is status-schema.ts.
import type { Condition } from '../../proto/conditions.ts';
import { releaseName } from '../../proto/document.ts';
import { type ErrorCode, errors } from '../../proto/errors.ts';
import type { Plan } from '../plan/step.ts';
import type { Observed, Wanted } from '../plan/world.ts';
import type { SideFacts } from '../report/side-facts.ts';
import type { AgentStore } from '../store/store.ts';
import { conditionsOf, type ShownCondition } from './status-conditions.ts';
import { type Expiry, expiriesOf } from './status-expiry.ts';
import { componentsOf, healthOf, type ShownComponent, type ShownHealth } from './status-health.ts';
import { isolationOf, machineOf, type ShownIsolation, type ShownMachine } from './status-machine.ts';
import { isOld, lineOf, namesOf, time, timeOrNull } from './status-words.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** How it stands with the control plane; `trouble` is what went wrong since it last answered. */
export interface SessionFacts {
  readonly kind: 'enrolling' | 'connecting' | 'streaming' | 'backing-off' | 'offline';
  readonly trouble: { readonly code: ErrorCode; readonly detail: string } | null;
  readonly words: string | null;
  readonly expiresAtMs: number | null;
}

/** The last run of the reconciler, as the reporter keeps it. */
export interface RunFacts {
  readonly run: { readonly plan: Plan; readonly observed: Observed };
  readonly wanted: Wanted | null;
  readonly conditions: readonly (Condition & { readonly sinceMs: number })[];
  readonly problems: readonly { readonly id: string; readonly code: ErrorCode; readonly detail: string }[];
  readonly appliedCount: number;
}

export interface LocalFacts {
  readonly store: AgentStore;
  readonly session: SessionFacts;
  /** Undefined until the first run has ended. */
  readonly last: RunFacts | undefined;
  /** What the other rooms know now. */
  readonly side: SideFacts;
  readonly version: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
}

/** Times are RFC 3339, UTC. */
export interface AgentStatus {
  /** The first line of the screen: how it stands, in one word and one sentence, and what to do. */
  readonly verdict: Verdict;
  /** True when something is broken and a person should look. */
  readonly isRed: boolean;
  readonly version: string;
  readonly now: string;
  readonly site: { readonly id: string; readonly name: string } | null;
  /** The six words of this machine while it waits for approval. */
  readonly fingerprint: string | null;
  readonly controlPlane: {
    readonly address: string;
    readonly state: 'connected' | 'pending' | 'unreachable' | 'connecting' | 'refused';
    /** When it last answered; null for never. */
    readonly lastContact: string | null;
    readonly certificateUntil: string | null;
    readonly code: ErrorCode | null;
    readonly detail: string | null;
  };
  readonly wanted: {
    readonly release: string;
    readonly digest: string;
    readonly generation: number;
    readonly epoch: number;
    readonly since: string;
  } | null;
  readonly running: { readonly release: string; readonly digest: string; readonly since: string } | null;
  readonly cluster: {
    readonly state: 'unknown' | 'ready' | 'away';
    readonly version: string | null;
    readonly detail: string | null;
    readonly lookedAt: string | null;
    /** Nobody has looked for so long that what is said of it may no longer hold. */
    readonly isOld: boolean;
  };
  readonly applied: boolean;
  readonly drifted: boolean;
  readonly objects: { readonly wanted: number; readonly applied: number; readonly waiting: number };
  readonly components: readonly ShownComponent[];
  readonly health: ShownHealth;
  readonly isolation: ShownIsolation | null;
  readonly machine: ShownMachine | null;
  readonly hold: { readonly since: string; readonly until: string; readonly why: string } | null;
  /** What runs out, the soonest first. */
  readonly expires: readonly Expiry[];
  readonly conditions: readonly ShownCondition[];
  readonly problems: readonly {
    readonly object: string;
    readonly code: ErrorCode;
    readonly detail: string;
  }[];
  readonly kept: readonly string[];
  readonly refusal: {
    readonly code: ErrorCode;
    readonly generation: number;
    readonly at: string;
    readonly text: string;
    readonly next: string;
  } | null;
  /** The last run that changed something or failed at something. */
  readonly lastChange: {
    readonly at: string;
    readonly applied: number;
    readonly repaired: number;
    readonly deleted: number;
    readonly failed: number;
  } | null;
  readonly reportsWaiting: number;
}

const shownProblems = 20;

export function statusOf(facts: LocalFacts): AgentStatus {
  const { store, last, side, nowMs, version } = facts;
  const site = store.site.read();
  const conditions = conditionsOf(facts);
  const names = namesOf(last);
  const shown = {
    isRed: conditions.some(({ severity }) => severity === 'error'),
    version,
    now: time(nowMs),
    site: site === undefined ? null : { id: site.id, name: site.name },
    fingerprint: facts.session.words,
    controlPlane: controlPlaneOf(facts),
    ...releasesOf(store),
    cluster: clusterOf(facts),
    applied: last?.run.plan.applied ?? false,
    drifted: last?.run.plan.drifted ?? false,
    objects: {
      wanted: (last === undefined ? store.desired.wanted() : last.wanted)?.objects.length ?? 0,
      applied: last?.appliedCount ?? 0,
      waiting: last?.run.plan.waiting.length ?? 0,
    },
    components: componentsOf(facts),
    health: healthOf(facts),
    isolation: isolationOf(side),
    machine: machineOf(side, nowMs),
    hold: holdOf(side),
    expires: expiriesOf(facts),
    conditions,
    problems: (last?.problems ?? [])
      .slice(0, shownProblems)
      .map(({ id, code, detail }) => ({ object: names.get(id) ?? id, code, detail: lineOf(detail) })),
    kept: keptOf(last, names),
    refusal: refusalOf(store),
    lastChange: lastChangeOf(store),
    reportsWaiting: store.outbox.waiting(),
  };
  return { verdict: verdictOf(shown), ...shown };
}

function controlPlaneOf({ store, session, nowMs }: LocalFacts): AgentStatus['controlPlane'] {
  const site = store.site.read();
  const { expiresAtMs, trouble } = session;
  const isConnected = session.kind === 'streaming';
  return {
    address: site?.address ?? '',
    state: isConnected ? 'connected' : stateOf(session),
    lastContact: isConnected ? time(nowMs) : timeOrNull(site?.lastContactMs),
    certificateUntil: timeOrNull(expiresAtMs),
    code: trouble?.code ?? null,
    detail: trouble === null ? null : lineOf(trouble.detail),
  };
}

function stateOf({ kind, words, trouble }: SessionFacts): AgentStatus['controlPlane']['state'] {
  if (kind === 'offline') return 'refused';
  if (trouble !== null) return 'unreachable';
  return words === null ? 'connecting' : 'pending';
}

function releasesOf({ desired }: AgentStore): Pick<AgentStatus, 'wanted' | 'running'> {
  const held = desired.held();
  const running = desired.releases().get('running');
  const named = (release: Parameters<typeof releaseName>[0] & { readonly digest: string }) => ({
    release: releaseName(release),
    digest: release.digest,
  });
  return {
    wanted:
      held === undefined
        ? null
        : {
            ...named(held.release),
            generation: held.generation,
            epoch: held.epoch,
            since: time(held.acceptedAtMs),
          },
    running: running === undefined ? null : { ...named(running), since: time(running.sinceMs) },
  };
}

function clusterOf({ last, nowMs }: LocalFacts): AgentStatus['cluster'] {
  if (last === undefined)
    return { state: 'unknown', version: null, detail: null, lookedAt: null, isOld: false };
  const { now, cluster } = last.run.observed;
  const look = { lookedAt: time(now), isOld: isOld(now, nowMs) };
  return cluster.ok
    ? { state: 'ready', version: cluster.version, detail: null, ...look }
    : { state: 'away', version: null, detail: lineOf(cluster.detail), ...look };
}

function holdOf({ hold }: SideFacts): AgentStatus['hold'] {
  return hold === undefined
    ? null
    : { since: time(hold.sinceMs), until: time(hold.untilMs), why: lineOf(hold.why) };
}

function keptOf(last: RunFacts | undefined, names: ReadonlyMap<string, string>): readonly string[] {
  const rows = [...(last?.run.observed.inventory.values() ?? [])].filter((row) => row.kept);
  return rows.map(({ id }) => names.get(id) ?? id);
}

function refusalOf(store: AgentStore): AgentStatus['refusal'] {
  const refusal = store.journal.openRefusal();
  if (refusal === undefined) return null;
  const { code, generation, atMs } = refusal;
  return { code, generation, at: time(atMs), text: errors[code].text, next: errors[code].next };
}

function lastChangeOf(store: AgentStore): AgentStatus['lastChange'] {
  const [run] = store.journal.runs(1);
  if (run === undefined) return null;
  const { applied, repaired, deleted, failed } = run;
  return { at: time(run.endedAtMs), applied, repaired, deleted, failed };
}
