// The two documents of the contract as readonly domain types: Release (what may run) and Desired (what one site shall run).
// Parsed once, from verified bytes only; limits are enforced here. Laws: a Release never changes under its digest,
// a Desired only chooses among what its signed Release allows. Both sides and authors use these types.
import { type Parameter, type ParameterValue, parameterShape, parameterValue } from './parameter.ts';
import { integer, list, nullable, oneOf, record, struct, text } from './shape.ts';
import { readJson } from './strict-json.ts';

/** One object of a release. `group` is '' for the core group; `namespace` is null for cluster-scoped objects. */
export interface ReleaseObject {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly component: string;
  readonly digest: string;
  /** Bytes of the canonical JSON. */
  readonly size: number;
}

/** Objects that may be deleted although their kind is normally kept. `null` matches any. */
export interface PruneAllowance {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string | null;
}

/** When a custom kind counts as current or failed: the value at the pointer compared with `value`. */
export interface HealthRule {
  readonly group: string;
  readonly kind: string;
  readonly means: 'current' | 'failed';
  readonly pointer: string;
  readonly operator: 'equals' | 'not-equals' | 'exists';
  readonly value: ParameterValue | null;
}

/** A container image that objects name. `digest` is null when the reference has none. */
export interface ReleaseImage {
  readonly reference: string;
  readonly digest: string | null;
}

/** The manifest of a release. `objects` are in the order in which they are applied. */
export interface Release {
  readonly type: 'tre.release/v1';
  readonly capability: number;
  readonly name: string;
  readonly version: string;
  readonly components: readonly string[];
  /** Kubernetes minors it was validated against, such as '1.36'. */
  readonly kubernetes: readonly string[];
  readonly objects: readonly ReleaseObject[];
  readonly parameters: readonly Parameter[];
  readonly health: readonly HealthRule[];
  readonly images: readonly ReleaseImage[];
  readonly prune: readonly PruneAllowance[];
  /** Digests of the sources: path as written in release.yaml -> sha256. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Version of trectl that built it. */
  readonly tool: string;
}

/** Names a release for ever: name@version, and the digest of its manifest. */
export interface ReleaseReference {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

/** One site's signed document. Times are RFC 3339 UTC. */
export interface Desired {
  readonly type: 'tre.desired/v1';
  /** The lowest capability of an agent that may act on it. */
  readonly capability: number;
  readonly siteId: string;
  /** UID of the namespace kube-system; null while the control plane does not know it. */
  readonly clusterUid: string | null;
  readonly epoch: number;
  readonly generation: number;
  /** Digest of the payload of the previous document of this site; null for the first. */
  readonly previous: string | null;
  readonly release: ReleaseReference;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly issuedAt: string;
  readonly notAfter: string;
}

/** Sizes and counts that no honest document exceeds. */
export const documentBounds = {
  maxObjects: 20_000,
  maxObjectBytes: 1024 * 1024,
  maxManifestBytes: 16 * 1024 * 1024,
  maxDesiredBytes: 64 * 1024,
  maxGeneration: 2 ** 32 - 1,
} as const;

export const digestForm = /^sha256:[0-9a-f]{64}$/;
/** Release names and site names: DNS labels. */
export const labelForm = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Release versions: what a semantic version or a date or a commit looks like. */
export const versionForm = /^[0-9A-Za-z](?:[0-9A-Za-z.+_-]{0,126}[0-9A-Za-z])?$/;
export const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const timeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z$/;

const digest = text({ form: digestForm, what: 'a digest sha256:<hex>' });
const label = text({ form: labelForm, what: 'a DNS label' });
const version = text({ form: versionForm, what: 'a version' });
const uuid = text({ form: uuidForm, what: 'a UUID' });
const time = text({ form: timeForm, what: 'a time in RFC 3339, UTC' });
const apiName = text({ maxLength: 253 });
const position = integer(0, documentBounds.maxGeneration);

const releaseShape = struct<Release>({
  type: oneOf('tre.release/v1'),
  capability: position,
  name: label,
  version,
  components: list(label, 1000),
  kubernetes: list(text({ form: /^1\.\d{1,3}$/, what: 'a Kubernetes minor such as 1.36' }), 10),
  objects: list(
    struct<ReleaseObject>({
      group: apiName,
      version: apiName,
      kind: apiName,
      namespace: nullable(label),
      name: apiName,
      scope: oneOf('Namespaced', 'Cluster'),
      component: label,
      digest,
      size: integer(2, documentBounds.maxObjectBytes),
    }),
    documentBounds.maxObjects,
  ),
  parameters: list(parameterShape, 1000),
  health: list(
    struct<HealthRule>({
      group: apiName,
      kind: apiName,
      means: oneOf('current', 'failed'),
      pointer: text(),
      operator: oneOf('equals', 'not-equals', 'exists'),
      value: nullable(parameterValue),
    }),
    1000,
  ),
  images: list(
    struct<ReleaseImage>({ reference: text({ maxLength: 1024 }), digest: nullable(digest) }),
    10_000,
  ),
  prune: list(
    struct<PruneAllowance>({
      group: apiName,
      kind: apiName,
      namespace: nullable(label),
      name: nullable(apiName),
    }),
    1000,
  ),
  inputs: record(digest, 20_000),
  tool: text({ maxLength: 64 }),
});

const desiredShape = struct<Desired>({
  type: oneOf('tre.desired/v1'),
  capability: position,
  siteId: uuid,
  clusterUid: nullable(uuid),
  epoch: position,
  generation: integer(1, documentBounds.maxGeneration),
  previous: nullable(digest),
  release: struct<ReleaseReference>({ name: label, version, digest }),
  parameters: record(parameterValue, 1000),
  issuedAt: time,
  notAfter: time,
});

/** Verified bytes -> Release. Throws JsonRefused or ShapeRefused. */
export function parseRelease(bytes: Uint8Array): Release {
  return releaseShape(readJson(bytes), '');
}

/** Verified bytes -> Desired. Throws JsonRefused or ShapeRefused. */
export function parseDesired(bytes: Uint8Array): Desired {
  return desiredShape(readJson(bytes), '');
}

/** `name@version`, as people write it. */
export function releaseName(release: { readonly name: string; readonly version: string }): string {
  return `${release.name}@${release.version}`;
}

/** One text for group, kind, namespace and name: the identity of an object in a cluster, whatever its API version. */
export function objectId(object: {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
}): string {
  return `${object.group}/${object.kind}/${object.namespace ?? ''}/${object.name}`;
}
