// Addresses of objects, case-exact and percent-encoded: an RBAC name may hold capitals and colons.
// Called by discovery.ts, agent/observe and agent/act.

/** What an address needs to know of a kind. */
export interface ResourceAddress {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** `namespace` is null for cluster-scoped objects. */
export interface ObjectAddress {
  readonly namespace: string | null;
  readonly name: string;
}

/** `/apis/GROUP/VERSION`, or `/api/v1` for the core group. */
export function groupVersionPath(group: string, version: string): string {
  const parts = group === '' ? ['api', version] : ['apis', group, version];
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('');
}

/** All objects of a kind, in all namespaces. */
export function collectionPath({ group, version, plural }: ResourceAddress): string {
  return `${groupVersionPath(group, version)}/${encodeURIComponent(plural)}`;
}

/** One object. */
export function objectPath(
  { group, version, plural }: ResourceAddress,
  { namespace, name }: ObjectAddress,
): string {
  const home = namespace === null ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const prefix = groupVersionPath(group, version);
  return `${prefix}${home}/${encodeURIComponent(plural)}/${encodeURIComponent(name)}`;
}

/** Under this name our fields stand in metadata.managedFields. Never changed: what is ours is found by it. */
export const fieldManager = 'tre-agent';

/** Where an object is sent by server-side apply. */
export function applyPath(address: ResourceAddress, object: ObjectAddress, force: boolean): string {
  return `${objectPath(address, object)}?fieldManager=${fieldManager}&force=${force}`;
}
