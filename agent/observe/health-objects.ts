// The wanted objects of one kind, each with the verdict that it gets by itself. Of a page only verdicts stay, and whole
// only what is not current and may be judged otherwise by its pods. A kind that may not be listed, or that fails alone, is
// unknown and hinders no other; a cluster that does not answer fails the look. Called by health-look.ts.
import type { HealthRule } from '../../proto/document.ts';
import type { JsonObject } from '../../proto/strict-json.ts';
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';
import type { ServedKind } from '../cluster/discovery.ts';
import { metadataOnly } from '../cluster/metadata.ts';
import { collectionPath, objectPath } from '../cluster/paths.ts';
import { bareContext, type HealthContext } from '../health/context.ts';
import { healthOf } from '../health/health-of.ts';
import { because, type Verdict } from '../health/verdict.ts';
import type { ObjectId, WantedObject } from '../plan/world.ts';
import { dependsOnOthers, dependsOnPods } from './health-kinds.ts';
import { nameKey } from './names.ts';
import { itemsOf, objectOf, readPages } from './pages.ts';
import { mustBeAnswered } from './unanswered.ts';

/** One wanted object as it was found. */
export interface Entry {
  readonly object: WantedObject;
  readonly uid: string;
  readonly verdict: Verdict;
  /** What its pods or the rest of the release may change: the object, and what it was judged by. */
  readonly open: { readonly body: JsonObject; readonly context: HealthContext } | null;
}

export interface KindToRead {
  readonly api: ClusterApi;
  readonly served: ServedKind;
  readonly objects: readonly WantedObject[];
  readonly rules: readonly HealthRule[];
  readonly nowMs: number;
}

/** The entries of all that exist, or a verdict that holds for the whole kind. */
export type KindRead =
  | { readonly ok: true; readonly entries: readonly Entry[] }
  | { readonly ok: false; readonly verdict: Verdict };

const pageSize = 100;
const metadataPageSize = 500;

/** Every object whole. Throws Unanswered. */
export async function readWhole(kind: KindToRead, signal: AbortSignal): Promise<KindRead> {
  const wanted = new Map(kind.objects.map((object) => [nameKey(object.name, object.namespace), object]));
  const read = itemsOf((body: JsonObject) => {
    const { name, namespace = null } = metadataOf(body);
    const object = wanted.get(nameKey(name, namespace));
    return object === undefined ? undefined : entryOf(kind, object, body);
  });
  const found = await readPages(
    kind.api,
    { path: collectionPath(kind.served), limit: pageSize, read },
    signal,
  );
  if ('code' in found) return { ok: false, verdict: verdictOfFailure(found) };
  return { ok: true, entries: found.filter((entry) => entry !== undefined) };
}

/** Verdicts by UID and version of the object, under the rules of one document. */
export type Remembered = Map<ObjectId, { readonly version: string; readonly entry: Entry }>;

/** Metadata of all, and whole only what changed since. Throws Unanswered. */
export async function readChanged(
  kind: KindToRead,
  known: Remembered,
  signal: AbortSignal,
): Promise<KindRead> {
  const { api, served } = kind;
  const read = itemsOf((body: JsonObject) => metadataOf(body));
  const list = { path: collectionPath(served), accept: metadataOnly.list, limit: metadataPageSize, read };
  const found = await readPages(api, list, signal);
  if ('code' in found) return { ok: false, verdict: verdictOfFailure(found) };
  const versions = new Map(
    found.map(({ name, namespace = null, uid, resourceVersion }) => [
      nameKey(name, namespace),
      `${uid} ${resourceVersion}`,
    ]),
  );
  const entries: Entry[] = [];
  for (const object of kind.objects) {
    const version = versions.get(nameKey(object.name, object.namespace));
    const before = known.get(object.id);
    if (version !== undefined && before?.version === version) entries.push({ ...before.entry, object });
    if (version === undefined || before?.version === version) continue;
    // One after the other: they are large.
    const answer = await api.request({ method: 'GET', path: objectPath(served, object) }, signal);
    if (!answer.ok && answer.code === 'NOT_FOUND') continue;
    if (!answer.ok) return { ok: false, verdict: verdictOfFailure(answer) };
    const entry = entryOf(kind, object, objectOf(answer.body));
    entries.push(entry);
    known.set(object.id, { version, entry });
  }
  return { ok: true, entries };
}

function verdictOfFailure(failure: ApiFailure): Verdict {
  mustBeAnswered(failure);
  if (failure.code === 'CLUSTER_FORBIDDEN') return because('MayNotLook', failure.detail);
  return failure.code === 'NOT_FOUND' ? because('NotFound') : because('NotLookedAt', failure.detail);
}

function entryOf({ served, rules, nowMs }: KindToRead, object: WantedObject, body: JsonObject): Entry {
  const context = { ...bareContext(nowMs), rules, hasStatus: served.hasStatus };
  const verdict = healthOf(body, object, context);
  const isOpen = dependsOnOthers(verdict) || dependsOnPods(`${object.group}/${object.kind}`, verdict);
  return { object, uid: metadataOf(body).uid, verdict, open: isOpen ? { body, context } : null };
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Every API server gives its objects these. */
function metadataOf(body: JsonObject): Metadata {
  return body['metadata'] as unknown as Metadata;
}
