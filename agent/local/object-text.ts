// How people say the name of an object. PURE. For the screens on this machine alone: names never leave it.
// Called by whatever in this room shows objects.
import type { ObjectName } from '../plan/world.ts';

/** `Kind namespace/name`. */
export function objectText({ kind, namespace, name }: ObjectName): string {
  return `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;
}
