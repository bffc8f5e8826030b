// Rows of a site's outbox -> our own types, once, at the edge. Nothing that a site sends can stop its outbox: a body
// that we do not understand (a newer agent, a code we do not know) is counted as received and stays on site.
// Only a row without a proper key is refused. Called by the sync sessions.
import { fromBinary } from '@bufbuild/protobuf';
import { isConditionCode } from '../../proto/conditions.ts';
import { digestForm, uuidForm } from '../../proto/document.ts';
import { isErrorCode } from '../../proto/errors.ts';
import {
  type ObjectFact as ObjectFactMessage,
  type Refusal as RefusalMessage,
  type ReportBody,
  ReportBodySchema,
  type ReportRow as ReportRowMessage,
  type RunResult as RunResultMessage,
  type SiteState as SiteStateMessage,
} from '../../proto/gen/tre/v1/sync_pb.ts';
import type { ObjectFact, ReportContent, ReportRow, RunResult, SiteState } from '../store/site-report.ts';

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
    conditions,
    objects: message.objects.flatMap(objectFact),
    objectsWanted,
    objectsApplied,
    kubernetesVersion: /^[\w.+-]{1,64}$/.test(message.kubernetesVersion) ? message.kubernetesVersion : '',
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
    failures: message.failures.flatMap(objectFact),
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

function digestOrNull(text: string | undefined): string | null {
  return text !== undefined && digestForm.test(text) ? text : null;
}
