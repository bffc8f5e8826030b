// Executor of `apply`: sends exactly the object's bytes and says whether the object is ours now. A first contact is not
// forced, and only a 201 counts: a 200 means that somebody else's object has the name, and it is given back at once.
// What is ours by UID is forced. Called by act.ts.
import type { ApiFailure, ApiSuccess, ClusterApi } from '../cluster/api.ts';
import type { ServedKind, ServedKinds } from '../cluster/discovery.ts';
import { metadataOnly, readFacts } from '../cluster/metadata.ts';
import { applyPath } from '../cluster/paths.ts';
import type { Step } from '../plan/step.ts';
import {
  emptyMapsAnsweredNull,
  type FieldPath,
  mayHoldEmptyMap,
  shrunkMaps,
  withoutFields,
} from './empty-maps.ts';
import { type Done, failed, failedBy, notServed } from './outcome.ts';
import type { ObjectBytes } from './ports.ts';
import { withdraw } from './remove.ts';
import { wireBytes } from './wire-bytes.ts';

export interface ApplyContext {
  readonly api: ClusterApi;
  readonly kinds: ServedKinds;
  readonly content: ObjectBytes;
}

type ApplyStep = Step & { readonly kind: 'apply' };

export async function applyObject(
  step: ApplyStep,
  context: ApplyContext,
  signal: AbortSignal,
): Promise<Done> {
  const { group, version, kind, digest } = step.object;
  const served = context.kinds.get(`${group}/${version}/${kind}`);
  if (served === undefined) return notServed;
  let bytes: Uint8Array;
  try {
    bytes = await context.content.read(digest);
  } catch (error) {
    return failed('CONTENT_MISSING', error instanceof Error ? error.message : String(error));
  }
  const request = { ...context, served, step, bytes };
  return step.uid === null ? firstContact(request, signal) : forced({ ...request, uid: step.uid }, signal);
}

interface Request extends ApplyContext {
  readonly served: ServedKind;
  readonly step: ApplyStep;
  readonly bytes: Uint8Array;
}

async function firstContact(request: Request, signal: AbortSignal): Promise<Done> {
  const answer = await send(request, { force: false }, signal);
  // A conflict may be about a field or about a quota that many use at once: whose the object is, the next look tells.
  if (!answer.ok) return failedBy(answer);
  return answer.status === 201 ? done(answer) : giveBack(request, answer, signal);
}

async function forced(request: Request & { readonly uid: string }, signal: AbortSignal): Promise<Done> {
  const { bytes, uid } = request;
  const delicate = mayHoldEmptyMap(bytes);
  let answer = await send(request, { force: true, whole: delicate }, signal);
  if (delicate) {
    const fields = answer.ok
      ? emptyMapsAnsweredNull(bytes, answer.body)
      : await fieldsToClear(request, answer);
    if (fields.length > 0) answer = await inTwoSteps(request, fields, signal);
  }
  if (!answer.ok) return failedBy(answer);
  // A 201: it went away between look and apply, and this one is ours. A 200 of another UID: somebody was faster.
  if (answer.status === 200 && readFacts(answer.body).uid !== uid) return giveBack(request, answer, signal);
  return done(answer);
}

/** It was somebody else's after all. Should this not come through, the next plan sees our entry and asks again. */
async function giveBack(
  { step, ...context }: Request,
  answer: ApiSuccess,
  signal: AbortSignal,
): Promise<Done> {
  const { object } = step;
  const { uid } = readFacts(answer.body);
  const given = await withdraw({ kind: 'withdraw', object, uid, digest: object.digest }, context, signal);
  return { ...notOurs, ...(given.ok && { disowned: true }) };
}

const notOurs = {
  ok: false,
  code: 'OBJECT_NOT_OURS',
  detail: 'somebody else made it',
  retryAfterMs: null,
} as const;

/** What may have caused a refusal: read from what was applied before, never from the text of the answer. */
async function fieldsToClear(
  { step, bytes, content }: Request,
  answer: ApiFailure,
): Promise<readonly FieldPath[]> {
  if (answer.status !== 422 || step.previousDigest === null) return [];
  try {
    return shrunkMaps(bytes, await content.read(step.previousDigest));
  } catch {
    // The old content is gone already: then the refusal stands as it is.
    return [];
  }
}

async function inTwoSteps(request: Request, fields: readonly FieldPath[], signal: AbortSignal) {
  const cleared = await send(
    { ...request, bytes: withoutFields(request.bytes, fields) },
    { force: true },
    signal,
  );
  return cleared.ok ? send(request, { force: true }, signal) : cleared;
}

function send(
  { api, served, step, bytes }: Request,
  { force, whole = false }: { readonly force: boolean; readonly whole?: boolean },
  signal: AbortSignal,
): Promise<ApiSuccess | ApiFailure> {
  const body = { contentType: 'application/apply-patch+yaml', bytes: wireBytes(bytes) };
  const accept = whole ? 'application/json' : metadataOnly.object;
  return api.request({ method: 'PATCH', path: applyPath(served, step.object, force), accept, body }, signal);
}

function done({ body }: ApiSuccess): Done {
  const { uid, ownHash } = readFacts(body);
  return { ok: true, applied: { uid, ownHash: ownHash ?? '' } };
}
