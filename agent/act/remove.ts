// Executors of `delete` and `withdraw`: both name the UID that they mean, so that an object of the same name which came
// later is never touched. A delete only begins here; that it is over, the next look sees. Called by act.ts.
import type { ClusterApi } from '../cluster/api.ts';
import { findKind, type ServedKinds } from '../cluster/discovery.ts';
import { metadataOnly } from '../cluster/metadata.ts';
import { applyPath, objectPath } from '../cluster/paths.ts';
import type { Step } from '../plan/step.ts';
import { type Done, failedBy, notServed } from './outcome.ts';

export interface RemoveContext {
  readonly api: ClusterApi;
  readonly kinds: ServedKinds;
}

/** Background: dependants are collected by the server, also those of a Job, which would otherwise be orphaned. */
export async function deleteObject(
  { object, uid }: Step & { readonly kind: 'delete' },
  { api, kinds }: RemoveContext,
  signal: AbortSignal,
): Promise<Done> {
  const served = findKind(kinds, object);
  if (served === undefined) return notServed;
  const options = {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    propagationPolicy: 'Background',
    preconditions: { uid },
  };
  const body = { contentType: 'application/json', bytes: encoded(options) };
  const answer = await api.request({ method: 'DELETE', path: objectPath(served, object), body }, signal);
  return answer.ok || answer.code === 'NOT_FOUND' ? { ok: true } : failedBy(answer);
}

/** An apply without fields gives up all that our manager holds; with the UID it can create nothing. */
export async function withdraw(
  { object, uid }: Step & { readonly kind: 'withdraw' },
  { api, kinds }: RemoveContext,
  signal: AbortSignal,
): Promise<Done> {
  const served = findKind(kinds, object);
  if (served === undefined) return notServed;
  const { group, version } = served;
  const { kind, namespace, name } = object;
  const metadata = { name, ...(namespace !== null && { namespace }), uid };
  const bytes = encoded({ apiVersion: group === '' ? version : `${group}/${version}`, kind, metadata });
  const body = { contentType: 'application/apply-patch+yaml', bytes };
  const path = applyPath(served, object, false);
  const answer = await api.request({ method: 'PATCH', path, accept: metadataOnly.object, body }, signal);
  return answer.ok ? { ok: true } : failedBy(answer);
}

function encoded(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
