// The state of objects in a Kubernetes without what differs from one way there to another: identities, versions and
// times of the server, and status. Two snapshots are deeply equal when the objects are. Called by the system tests.
import type { JsonObject, JsonValue } from '../../proto/strict-json.ts';
import { type LiveObjects, nameOf, type ObjectKey } from './live-objects.ts';

/** Name -> object; absent ones are not in it. */
export type Snapshot = Readonly<Record<string, JsonObject>>;

const manager = 'tre-agent';
/** Set by controllers, counted up or drawn by lot. */
const serverFields = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'generation',
  'managedFields',
  'selfLink',
]);
const drawnLots = new Set([
  'deployment.kubernetes.io/revision',
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
]);

export async function snapshotOf(live: LiveObjects, objects: readonly ObjectKey[]): Promise<Snapshot> {
  const entries = await Promise.all(
    objects.map(async (object) => [nameOf(object), await live.get(object)] as const),
  );
  return Object.fromEntries(
    entries.flatMap(([name, object]) => (object === undefined ? [] : [[name, comparable(object)]])),
  );
}

function comparable(object: JsonObject): JsonObject {
  const { metadata } = object;
  const kept = Object.entries(metadata as JsonObject).filter(([key]) => !serverFields.has(key));
  const rest = without(object, 'status');
  return withoutLots({
    ...rest,
    metadata: Object.fromEntries(kept),
    ours: ownFields(metadata as JsonObject),
  }) as JsonObject;
}

/** What the API server remembers as applied by the agent. */
function ownFields({ managedFields = [] }: JsonObject): JsonValue {
  return (managedFields as readonly JsonObject[])
    .filter((entry) => entry['manager'] === manager)
    .map((entry) => without(entry, 'time'));
}

function without(object: JsonObject, field: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== field));
}

function withoutLots(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutLots);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => (drawnLots.has(key) ? [] : [[key, withoutLots(one)]])),
  );
}
