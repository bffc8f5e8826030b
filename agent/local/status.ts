// What the agent knows of itself, as one plain value for the screen and for programs (`tre-agent status -o json`).
// PURE. It never leaves this machine: so objects have their names here and the API server its words.
// Built by main.ts for each question that comes over the socket.
import { type Condition, type ConditionCode, conditions as conditionList } from '../../proto/conditions.ts';
import { releaseName } from '../../proto/document.ts';
import { type ErrorCode, errors } from '../../proto/errors.ts';
import type { Plan } from '../plan/step.ts';
import type { ObjectName, Observed, Wanted } from '../plan/world.ts';
import type { AgentStore } from '../store/store.ts';

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
  readonly version: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
}

/** Times are RFC 3339, UTC. */
export interface AgentStatus {
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
  };
  readonly applied: boolean;
  readonly drifted: boolean;
  readonly objects: { readonly wanted: number; readonly applied: number; readonly waiting: number };
  readonly conditions: readonly {
    readonly code: ConditionCode;
    readonly severity: 'error' | 'warning' | 'info';
    readonly count: number;
    readonly since: string;
    readonly text: string;
    readonly next: string;
    /** The objects that it concerns, by name, the first of them. */
    readonly objects: readonly string[];
  }[];
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
  /** True when a person should look. */
  readonly isRed: boolean;
}

const shownObjects = 10;
const shownProblems = 20;

export function statusOf(facts: LocalFacts): AgentStatus {
  const { store, last, nowMs, version } = facts;
  const site = store.site.read();
  const held = store.desired.held();
  const running = store.desired.releases().get('running');
  const shown = conditionsOf(facts);
  return {
    version,
    now: time(nowMs),
    site: site === undefined ? null : { id: site.id, name: site.name },
    fingerprint: facts.session.words,
    controlPlane: controlPlaneOf(facts),
    wanted:
      held === undefined
        ? null
        : {
            release: releaseName(held.release),
            digest: held.release.digest,
            generation: held.generation,
            epoch: held.epoch,
            since: time(held.acceptedAtMs),
          },
    running:
      running === undefined
        ? null
        : { release: releaseName(running), digest: running.digest, since: time(running.sinceMs) },
    cluster: clusterOf(last),
    applied: last?.run.plan.applied ?? false,
    drifted: last?.run.plan.drifted ?? false,
    objects: {
      wanted: (last === undefined ? store.desired.wanted() : last.wanted)?.objects.length ?? 0,
      applied: last?.appliedCount ?? 0,
      waiting: last?.run.plan.waiting.length ?? 0,
    },
    conditions: shown,
    problems: problemsOf(last),
    kept: [...(last?.run.observed.inventory.values() ?? [])].filter((row) => row.kept).map(objectText),
    refusal: refusalOf(store),
    lastChange: lastChangeOf(store),
    reportsWaiting: store.outbox.waiting(),
    isRed: shown.some(({ severity }) => severity === 'error'),
  };
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
    detail: trouble?.detail ?? null,
  };
}

function stateOf({ kind, words, trouble }: SessionFacts): AgentStatus['controlPlane']['state'] {
  if (kind === 'offline') return 'refused';
  if (trouble !== null) return 'unreachable';
  return words === null ? 'connecting' : 'pending';
}

function clusterOf(last: RunFacts | undefined): AgentStatus['cluster'] {
  if (last === undefined) return { state: 'unknown', version: null, detail: null, lookedAt: null };
  const { now, cluster } = last.run.observed;
  const lookedAt = time(now);
  return cluster.ok
    ? { state: 'ready', version: cluster.version, detail: null, lookedAt }
    : { state: 'away', version: null, detail: cluster.detail, lookedAt };
}

/** The conditions of the last run, and those that only this machine can know. */
function conditionsOf({ store, session, last, startedAtMs }: LocalFacts): AgentStatus['conditions'] {
  const site = store.site.read();
  const own: (Condition & { readonly sinceMs: number })[] = [];
  if (session.words !== null) own.push({ code: 'EnrolmentPending', count: 0, sinceMs: startedAtMs });
  const isAway = session.trouble !== null && session.trouble.code !== 'SITE_REVOKED';
  if (isAway)
    own.push({ code: 'ControlPlaneUnreachable', count: 0, sinceMs: site?.lastContactMs ?? startedAtMs });
  const names = namesOf(last);
  return [...(last?.conditions ?? []), ...own].map(({ code, count, sinceMs }) => ({
    code,
    severity: conditionList[code].severity,
    count,
    since: time(sinceMs),
    text: conditionList[code].text,
    next: conditionList[code].next,
    objects: (last?.run.plan.waiting ?? [])
      .filter((waiting) => waiting.code === code)
      .slice(0, shownObjects)
      .map(({ id }) => names.get(id) ?? id),
  }));
}

function problemsOf(last: RunFacts | undefined): AgentStatus['problems'] {
  const names = namesOf(last);
  return (last?.problems ?? [])
    .slice(0, shownProblems)
    .map(({ id, code, detail }) => ({ object: names.get(id) ?? id, code, detail }));
}

function namesOf(last: RunFacts | undefined): ReadonlyMap<string, string> {
  const objects = [...(last?.run.observed.inventory.values() ?? []), ...(last?.wanted?.objects ?? [])];
  return new Map(objects.map((object) => [object.id, objectText(object)]));
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

/** `Kind namespace/name`, as people say it. */
function objectText({ kind, namespace, name }: ObjectName): string {
  return `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

function timeOrNull(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : time(ms);
}
