// What the agent knows of itself, as one plain value for the screen and for programs. PURE.
// It never leaves this machine: so objects have their names here and the API server its words.
// Called by answers.ts for each question that comes over the socket.
import { releaseName } from '../../proto/document.ts';
import { errors } from '../../proto/errors.ts';
import type { SideFacts } from '../report/side-facts.ts';
import type { AgentStore } from '../store/store.ts';
import type { AgentStatus } from './agent-status.ts';
import type { LocalFacts, RunFacts, SessionFacts } from './local-facts.ts';
import { conditionsOf } from './status-conditions.ts';
import { expiriesOf } from './status-expiry.ts';
import { componentsOf, healthOf } from './status-health.ts';
import { isolationOf, machineOf } from './status-machine.ts';
import { isOld, lineOf, namesOf, ownRun, time, timeOrNull } from './status-words.ts';
import { verdictOf } from './verdict.ts';

const shownProblems = 20;

export function statusOf(facts: LocalFacts): AgentStatus {
  const { store, last, side, nowMs, version } = facts;
  const site = store.site.read();
  const conditions = conditionsOf(facts);
  const names = namesOf(last);
  const own = ownRun(facts);
  const shown = {
    isRed: conditions.some(({ severity }) => severity === 'error'),
    version,
    now: time(nowMs),
    site: site === undefined ? null : { id: site.id, name: site.name },
    fingerprint: facts.session.words,
    controlPlane: controlPlaneOf(facts),
    ...releasesOf(store),
    cluster: clusterOf(facts),
    applied: own?.run.plan.applied ?? false,
    drifted: own?.run.plan.drifted ?? false,
    objects: {
      wanted: (own === undefined ? store.desired.wanted() : own.wanted)?.objects.length ?? 0,
      applied: own?.appliedCount ?? 0,
      waiting: own?.run.plan.waiting.length ?? 0,
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
