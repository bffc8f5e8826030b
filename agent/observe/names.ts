// Which objects a look is about: the wanted and the owned ones, by group and kind, and which of those kinds are served.
// PURE. Called by cluster.ts.
import { findKind, type ServedKinds } from '../cluster/discovery.ts';
import type { KindKey, ObjectName, Observed, OwnedObject, Wanted } from '../plan/world.ts';

/** `group/Kind` -> the objects of that kind by `namespace/name`; a wanted object's version goes before an owned one's. */
export type NamesByKind = ReadonlyMap<string, ReadonlyMap<string, ObjectName>>;

export function namesByKind(wanted: Wanted | null, inventory: ReadonlyMap<string, OwnedObject>): NamesByKind {
  const result = new Map<string, Map<string, ObjectName>>();
  const add = (object: ObjectName): void => {
    const kind = `${object.group}/${object.kind}`;
    const names = result.get(kind) ?? new Map<string, ObjectName>();
    const key = nameKey(object.name, object.namespace);
    if (!names.has(key)) names.set(key, object);
    result.set(kind, names);
  };
  for (const object of wanted?.objects ?? []) add(object);
  for (const object of inventory.values()) add(object);
  return result;
}

/** The key of an object within its kind. */
export function nameKey(name: string, namespace: string | null): string {
  return `${namespace ?? ''}/${name}`;
}

/** The kinds less those of some groups. */
export function kindsOutside(groups: ReadonlySet<string>, kinds: ServedKinds): ServedKinds {
  return groups.size === 0 ? kinds : new Map([...kinds].filter(([, { group }]) => !groups.has(group)));
}

/** Those of the named objects' kinds that are served, at their version or else at another, less the ones that turned out not to be. */
export function servedKindsOf(
  names: NamesByKind,
  kinds: ServedKinds,
  less: ReadonlySet<KindKey>,
): Observed['served'] {
  const served = new Map<KindKey, 'Namespaced' | 'Cluster'>();
  for (const objects of names.values())
    for (const object of objects.values()) {
      const found = findKind(kinds, object);
      if (found === undefined) continue;
      const key = `${found.group}/${found.version}/${found.kind}`;
      if (!less.has(key)) served.set(key, found.namespaced ? 'Namespaced' : 'Cluster');
    }
  return served;
}
