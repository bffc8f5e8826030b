// The API of one Kubernetes version: which kinds are served by default, their scope and shape, and what was removed.
// The data are made by `npm run schemas` (dev/kubernetes/openapi.ts describes their form) and read by
// kubernetes-data.ts. Pure; asked by judge.ts and shape.ts.

/** A scalar by name, '#Name' for another shape, or a list, a map, an object. An object with `fields` is closed. */
export type Shape = string | ListShape | { readonly map: Shape } | ObjectShape;

/** `keys`: entries are told apart by these fields, each with the default that the server fills in first. */
export interface ListShape {
  readonly list: Shape;
  readonly keys?: readonly (readonly [name: string, byDefault?: string | number | boolean])[];
  readonly set?: true;
}

export interface ObjectShape {
  readonly fields: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
}

export type Scope = 'Namespaced' | 'Cluster';

/** What one Kubernetes minor says about an apiVersion and kind. */
export type KindFacts =
  | { readonly found: 'served'; readonly scope: Scope; readonly shape: Shape }
  | { readonly found: 'removed'; readonly since: string; readonly replacement: string }
  | { readonly found: 'off' }
  | { readonly found: 'unknown' };

/** One line of release/data/kubernetes.json.zst. */
export interface MinorData {
  readonly minor: string;
  readonly kinds: Readonly<Record<string, Readonly<Record<string, readonly [Scope, Shape]>>>>;
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly off: Readonly<Record<string, readonly string[]>>;
  readonly removed: Readonly<Record<string, Readonly<Record<string, readonly [string, string]>>>>;
}

/** One Kubernetes minor. */
export class KubernetesApi {
  readonly minor: string;
  /** Shapes by name, for '#Name'. */
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly #data: MinorData;

  constructor(data: MinorData) {
    this.minor = data.minor;
    this.shapes = data.shapes;
    this.#data = data;
  }

  lookUp(apiVersion: string, kind: string): KindFacts {
    const served = own(own(this.#data.kinds, apiVersion), kind);
    if (served !== undefined) return { found: 'served', scope: served[0], shape: served[1] };
    const removed = own(own(this.#data.removed, apiVersion), kind);
    if (removed !== undefined) return { found: 'removed', since: removed[0], replacement: removed[1] };
    return { found: own(this.#data.off, apiVersion)?.includes(kind) === true ? 'off' : 'unknown' };
  }

  /** How many kinds are served by default. */
  get kindCount(): number {
    return Object.values(this.#data.kinds).reduce((sum, kinds) => sum + Object.keys(kinds).length, 0);
  }

  /** API versions under which a kind of this name is served. */
  apiVersionsOf(kind: string): readonly string[] {
    return Object.keys(this.#data.kinds).filter(
      (apiVersion) => own(own(this.#data.kinds, apiVersion), kind) !== undefined,
    );
  }
}

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
