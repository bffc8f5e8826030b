// Objects of a release in a running Kubernetes, looked at as administrator, and the names that its audit log has for
// them. Invariant: never writes. The paths come from discovery, which is asked again for a kind that is new.
// Called by the system tests.
import type { Api } from '../../dev/kubernetes/api.ts';
import type { JsonObject } from '../../proto/strict-json.ts';

/** Names one object, as a release does. */
export interface ObjectKey {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
}

export interface LiveObjects {
  /** Undefined when there is none. */
  get(object: ObjectKey): Promise<JsonObject | undefined>;
  /** With everything that a request to it needs, as `/apis/apps/v1/namespaces/x/deployments/y`. */
  pathOf(object: ObjectKey): Promise<string>;
}

interface DiscoveredGroup {
  readonly metadata?: { readonly name?: string };
  readonly versions: readonly {
    readonly version: string;
    readonly resources?: readonly {
      readonly resource: string;
      readonly responseKind: { readonly kind: string };
    }[];
  }[];
}

const discoveryType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

export function liveObjects(admin: Api): LiveObjects {
  let resources: ReadonlyMap<string, string> = new Map();
  const pathOf = async (object: ObjectKey): Promise<string> => {
    const { group, version, kind, namespace, name } = object;
    const key = kindKey(group, version, kind);
    if (!resources.has(key)) resources = await discover(admin);
    const resource = resources.get(key);
    if (resource === undefined) throw new Error(`the API server does not serve ${key}`);
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const home = namespace === null ? '' : `/namespaces/${namespace}`;
    return `${root}${home}/${resource}/${encodeURIComponent(name)}`;
  };
  return {
    pathOf,
    get: async (object) => {
      const path = await pathOf(object);
      const { status, body } = await admin.request({ path });
      if (status === 404) return undefined;
      if (status !== 200) throw new Error(`GET ${path} answered ${status}`);
      return body as JsonObject;
    },
  };
}

/** How test messages and audit rows name an object: `ConfigMap portal/settings`. */
export function nameOf({ kind, namespace, name }: Pick<ObjectKey, 'kind' | 'namespace' | 'name'>): string {
  return namespace === null ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

function kindKey(group: string, version: string, kind: string): string {
  return `${group}/${version}/${kind}`;
}

async function discover(admin: Api): Promise<ReadonlyMap<string, string>> {
  const resources = new Map<string, string>();
  for (const path of ['/api', '/apis']) {
    const { body } = await admin.request({ path, accept: discoveryType });
    for (const { metadata, versions } of (body as { readonly items: readonly DiscoveredGroup[] }).items)
      for (const { version, resources: found = [] } of versions)
        for (const { resource, responseKind } of found)
          resources.set(kindKey(metadata?.name ?? '', version, responseKind.kind), resource);
  }
  return resources;
}
