// Rows of a site's outbox -> our own types, once, at the edge. Nothing that a site sends can stop its outbox: a body
// that we do not understand (a newer agent, a code we do not know) is counted as received and stays on site.
// Only a row without a proper key is refused. Called by the sync sessions.
import { fromBinary } from '@bufbuild/protobuf';
import { isConditionCode } from '../../proto/conditions.ts';
import { digestForm, uuidForm } from '../../proto/document.ts';
import { isErrorCode } from '../../proto/errors.ts';
import {
  type Hardware as HardwareMessage,
  type Heartbeat,
  type HostState,
  type ObjectFact as ObjectFactMessage,
  type Refusal as RefusalMessage,
  type ReportBody,
  ReportBodySchema,
  type ReportRow as ReportRowMessage,
  type RunResult as RunResultMessage,
  type SiteState as SiteStateMessage,
} from '../../proto/gen/tre/v1/sync_pb.ts';
import { isHealthReason } from '../../proto/health-reasons.ts';
import { hardwareFacts, isHardwareName, isMeasureName, isSource } from '../../proto/measures.ts';
import {
  type HardwareFacts,
  type HealthFact,
  type HostFacts,
  type IsolationFact,
  networkPolicyWords,
  type ObjectFact,
  type ReportContent,
  type ReportRow,
  type RunResult,
  type SiteState,
} from '../fleet/site-report.ts';
import type { HeartbeatTimes } from '../news/take-in.ts';

/** Undefined when the row has no proper key. */
export function readRow(row: ReportRowMessage): ReportRow | undefined {
  const sequence = Number(row.sequence);
  if (!uuidForm.test(row.bootId) || sequence < 1 || !Number.isSafeInteger(sequence)) return undefined;
  return { bootId: row.bootId, sequence, content: readContent(row.body) };
}

function readContent(bytes: Uint8Array): ReportContent {
  const { body } = decoded(bytes);
  switch (body.case) {
    case 'state':
      return { kind: 'state', state: siteState(body.value) };
    case 'refusal':
      return refusal(body.value);
    case 'run':
      return { kind: 'run', run: runResult(body.value) };
    case 'host':
      return { kind: 'host', host: hostFacts(body.value) };
    case 'hardware':
      return { kind: 'hardware', hardware: hardware(body.value) };
    default:
      return { kind: 'unknown' };
  }
}

function decoded(bytes: Uint8Array): Pick<ReportBody, 'body'> {
  try {
    return fromBinary(ReportBodySchema, bytes);
  } catch {
    return { body: { case: undefined } };
  }
}

function siteState(message: SiteStateMessage): SiteState {
  const { epoch, generation, applied, drifted, objectsWanted, objectsApplied } = message;
  const conditions = message.conditions.flatMap(({ code, sinceMs, count }) =>
    isConditionCode(code) ? [{ code, sinceMs: timeOf(sinceMs), count }] : [],
  );
  return {
    observedAtMs: timeOf(message.observedAtMs),
    epoch,
    generation,
    applied,
    drifted,
    releases: {
      offered: digestOrNull(message.releases?.offered),
      running: digestOrNull(message.releases?.running),
      lastHealthy: digestOrNull(message.releases?.lastHealthy),
      quarantined: digestOrNull(message.releases?.quarantined),
    },
    conditions: onePer(conditions, ({ code }) => code),
    objects: message.objects.flatMap(objectFact).slice(0, maxFacts),
    objectsWanted,
    objectsApplied,
    kubernetesVersion: /^[\w.+-]{1,64}$/.test(message.kubernetesVersion) ? message.kubernetesVersion : '',
    ...healthOf(message),
  };
}

function healthOf(message: SiteStateMessage) {
  const { healthy, hold } = message;
  return {
    healthy,
    healthObservedAtMs: timeOf(message.healthObservedAtMs),
    health: message.health
      .flatMap(({ releaseDigest, index, reason, sinceMs }): HealthFact[] => {
        if (!isHealthReason(reason)) return [];
        return [
          { releaseDigest: digestOrNull(releaseDigest) ?? '', index, reason, sinceMs: timeOf(sinceMs) },
        ];
      })
      .slice(0, maxFacts),
    components: message.components
      .slice(0, maxComponents)
      .map(({ index, applied, healthy: works, drifted, objects }) => ({
        index,
        applied,
        healthy: works,
        drifted,
        objects,
      })),
    hold: hold === undefined ? null : { sinceMs: timeOf(hold.sinceMs), untilMs: timeOf(hold.untilMs) },
    isolation: isolationOf(message),
  };
}

function isolationOf({ isolation }: SiteStateMessage): IsolationFact | null {
  const networkPolicy = networkPolicyWords.find((word) => word === isolation?.networkPolicy);
  if (isolation === undefined || networkPolicy === undefined) return null;
  return { networkPolicy, checkedAtMs: timeOf(isolation.checkedAtMs) };
}

/** Each name once, so their number is that of the closed list. */
function hostFacts({ observedAtMs, measures }: HostState): HostFacts {
  const known = measures.flatMap(({ name, value, source }) =>
    isMeasureName(name) && isSource(source) ? [{ name, value: numberOf(value), source }] : [],
  );
  return { observedAtMs: timeOf(observedAtMs), measures: onePer(known, ({ name }) => name) };
}

/** What identifies a machine is taken only from where the site puts what it allows to leave. */
function hardware({ observedAtMs, facts, identifying }: HardwareMessage): HardwareFacts {
  const known = (rows: HardwareMessage['facts'], isIdentifying: boolean) =>
    rows.flatMap(({ name, value, source }) =>
      isHardwareName(name) &&
      isSource(source) &&
      hardwareFacts[name].identifying === isIdentifying &&
      printable.test(value)
        ? [{ name, value, source }]
        : [],
    );
  const all = [...known(facts, false), ...known(identifying, true)];
  return { observedAtMs: timeOf(observedAtMs), facts: onePer(all, ({ name }) => name) };
}

/** The last of each name. */
function onePer<Row>(rows: readonly Row[], nameOf: (row: Row) => string): readonly Row[] {
  return [...new Map(rows.map((row) => [nameOf(row), row])).values()];
}

/** Times by the site's clock. */
export function readHeartbeat(message: Heartbeat): HeartbeatTimes {
  return {
    sentAtMs: timeOf(message.sentAtMs),
    observedAtMs: timeOf(message.observedAtMs),
    healthObservedAtMs: timeOf(message.healthObservedAtMs),
  };
}

function refusal({ atMs, epoch, generation, code }: RefusalMessage): ReportContent {
  if (!isErrorCode(code)) return { kind: 'unknown' };
  return { kind: 'refusal', refusal: { atMs: timeOf(atMs), epoch, generation, code } };
}

function runResult(message: RunResultMessage): RunResult {
  const { generation, applied, repaired, deleted, failed } = message;
  return {
    startedAtMs: timeOf(message.startedAtMs),
    endedAtMs: timeOf(message.endedAtMs),
    generation,
    applied,
    repaired,
    deleted,
    failed,
  };
}

function objectFact({ releaseDigest, index, code }: ObjectFactMessage): readonly ObjectFact[] {
  const known = isErrorCode(code) || isConditionCode(code);
  return known ? [{ releaseDigest: digestOrNull(releaseDigest) ?? '', index, code }] : [];
}

/** A moment that can be written as a date: one site with a broken clock must not spoil a list of all. */
function timeOf(ms: bigint): number {
  return Math.min(Math.max(Number(ms), 0), maxTimeMs);
}

const maxTimeMs = 8_640_000_000_000_000;

function numberOf(value: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > limit ? limit : value < -limit ? -limit : value);
}

// More than an agent sends; what a state costs here is bounded, whoever sends it.
const maxFacts = 1000;
// As many as a release may have.
const maxComponents = 1000;
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,128}$/u;

function digestOrNull(text: string | undefined): string | null {
  return text !== undefined && digestForm.test(text) ? text : null;
}
