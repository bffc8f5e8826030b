// Which kinds an API server serves, under which plural and scope. Aggregated discovery (v2) in two conditional requests,
// so that asking again costs next to nothing; the older documents where a server has no better. Invariant: a group that
// could not be asked is named as uncertain, never taken for absent. Called by agent/observe; agent/act reads `kinds`.
import type { ApiFailure, ApiSuccess, ClusterApi } from './api.ts';
import { groupVersionPath } from './paths.ts';

/** A kind at one version. */
export interface ServedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Somebody else than the writer of its spec writes its status. */
  readonly hasStatus: boolean;
}

/** `group/version/kind` -> the kind. */
export type ServedKinds = ReadonlyMap<string, ServedKind>;

export interface Discovery {
  /** As of the last reading; empty before the first. */
  readonly kinds: ServedKinds;
  /** Groups that a server behind the API server should tell about and did not. */
  readonly uncertainGroups: ReadonlySet<string>;
  /** Asks the server; null when the answer is complete. */
  readonly read: (signal: AbortSignal) => Promise<ApiFailure | null>;
}

export function createDiscovery(api: ClusterApi): Discovery {
  return new CachedDiscovery(api);
}

/** The kind at its own version, else at any other that is served. */
export function findKind(
  kinds: ServedKinds,
  { group, version, kind }: { readonly group: string; readonly version: string; readonly kind: string },
): ServedKind | undefined {
  const exact = kinds.get(`${group}/${version}/${kind}`);
  return exact ?? kinds.values().find((one) => one.group === group && one.kind === kind);
}

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
const roots = ['/api', '/apis'] as const;

interface Part {
  readonly etag: string | null;
  readonly kinds: readonly ServedKind[];
  readonly uncertain: readonly string[];
}

class CachedDiscovery implements Discovery {
  readonly #api: ClusterApi;
  readonly #parts = new Map<string, Part>();
  #kinds: ServedKinds = new Map();
  #uncertain: ReadonlySet<string> = new Set();

  constructor(api: ClusterApi) {
    this.#api = api;
  }

  get kinds(): ServedKinds {
    return this.#kinds;
  }

  get uncertainGroups(): ReadonlySet<string> {
    return this.#uncertain;
  }

  async read(signal: AbortSignal): Promise<ApiFailure | null> {
    const results = await Promise.all(roots.map((root) => this.#readRoot(root, signal)));
    const failure = results.find((result) => result !== 'same' && result !== 'changed');
    if (failure !== undefined && typeof failure === 'object') return failure;
    if (results.includes('changed')) this.#merge();
    return null;
  }

  async #readRoot(root: string, signal: AbortSignal): Promise<'same' | 'changed' | ApiFailure> {
    const etag = this.#parts.get(root)?.etag ?? null;
    const answer = await this.#api.request(
      { method: 'GET', path: root, accept: aggregated, ...(etag !== null && { etag }) },
      signal,
    );
    if (!answer.ok) return answer;
    if (answer.status === 304) return 'same';
    this.#parts.set(
      root,
      isAggregated(answer) ? aggregatedPart(answer) : await legacyPart(this.#api, answer, signal),
    );
    return 'changed';
  }

  #merge(): void {
    const kinds = new Map<string, ServedKind>();
    for (const { kinds: found } of this.#parts.values())
      for (const one of found) {
        const key = `${one.group}/${one.version}/${one.kind}`;
        if (!kinds.has(key)) kinds.set(key, one);
      }
    this.#kinds = kinds;
    this.#uncertain = new Set([...this.#parts.values()].flatMap(({ uncertain }) => uncertain));
  }
}

function isAggregated({ contentType }: ApiSuccess): boolean {
  return contentType.includes('as=APIGroupDiscoveryList');
}

interface AggregatedList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly freshness?: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly scope: string;
        readonly verbs: readonly string[];
        readonly responseKind: { readonly kind: string } | null;
        readonly subresources?: readonly { readonly subresource: string }[];
      }[];
    }[];
  }[];
}

function aggregatedPart(answer: ApiSuccess): Part {
  const { items = [] } = parse<AggregatedList>(answer);
  const kinds: ServedKind[] = [];
  const uncertain: string[] = [];
  for (const { metadata, versions } of items) {
    const group = metadata?.name ?? '';
    for (const { version, freshness, resources = [] } of versions) {
      if (freshness === 'Stale') uncertain.push(group);
      for (const { resource, scope, verbs, responseKind, subresources = [] } of resources)
        if (responseKind !== null && verbs.includes('list'))
          kinds.push({
            group,
            version,
            kind: responseKind.kind,
            plural: resource,
            namespaced: scope === 'Namespaced',
            hasStatus: subresources.some(({ subresource }) => subresource === 'status'),
          });
    }
  }
  return { etag: answer.etag, kinds, uncertain };
}

interface LegacyRoot {
  readonly versions?: readonly string[];
  readonly groups?: readonly {
    readonly name: string;
    readonly versions: readonly { readonly version: string }[];
  }[];
}

interface LegacyResources {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

async function legacyPart(api: ClusterApi, root: ApiSuccess, signal: AbortSignal): Promise<Part> {
  const { versions = [], groups = [] } = parse<LegacyRoot>(root);
  const core = versions.map((version) => ({ group: '', version }));
  const named = groups.flatMap(({ name, versions: all }) =>
    all.map(({ version }) => ({ group: name, version })),
  );
  const uncertain: string[] = [];
  const lists = await Promise.all(
    [...core, ...named].map(async ({ group, version }) => {
      const answer = await api.request({ method: 'GET', path: groupVersionPath(group, version) }, signal);
      if (!answer.ok) {
        uncertain.push(group);
        return [];
      }
      const { resources = [] } = parse<LegacyResources>(answer);
      const top = resources.filter(({ name, verbs }) => !name.includes('/') && verbs.includes('list'));
      const names = new Set(resources.map(({ name }) => name));
      return top.map(({ name, kind, namespaced }) => {
        const hasStatus = names.has(`${name}/status`);
        return { group, version, kind, plural: name, namespaced, hasStatus };
      });
    }),
  );
  return { etag: null, kinds: lists.flat(), uncertain };
}

/** What the API server says about itself is taken at its word: the connection is pinned to its CA. */
function parse<T>({ body }: ApiSuccess): T {
  return JSON.parse(new TextDecoder().decode(body)) as T;
}
