// Compacts the OpenAPI v3 documents of one Kubernetes version to what judges the shape of an object: fields, types,
// required fields, keys of lists. No descriptions, no paths, no status, only what a served kind reaches.
// Pure. Called by schemas.ts; release/kubernetes/catalogue.ts reads the result and repeats these types, because
// neither room may import the other.

/** A scalar by name, '#Name' for another shape, or a list, a map, an object. An object with `fields` is closed. */
export type Shape =
  | string
  | { readonly list: Shape; readonly keys?: readonly ListKey[]; readonly set?: true }
  | { readonly map: Shape }
  | { readonly fields: Readonly<Record<string, Shape>>; readonly required?: readonly string[] };

/** A key of a list, and its default when the server fills it in before it compares. */
export type ListKey = readonly [name: string, byDefault?: string | number | boolean];

export interface CompactApis {
  /** apiVersion -> kind -> scope and shape; only what can be applied. */
  readonly kinds: Record<string, Record<string, readonly ['Namespaced' | 'Cluster', Shape]>>;
  readonly shapes: Record<string, Shape>;
}

/** The parts of an OpenAPI schema that Kubernetes publishes. */
export interface OpenApiSchema {
  readonly $ref?: string;
  readonly allOf?: readonly OpenApiSchema[];
  readonly oneOf?: readonly OpenApiSchema[];
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly required?: readonly string[];
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A kind that the server can apply, from its discovery document. */
export interface ApplicableKind extends GroupVersionKind {
  readonly scope: 'Namespaced' | 'Cluster';
}

/** `v1` or `apps/v1`. */
export function apiVersionOf(gvk: { readonly group: string; readonly version: string }): string {
  return gvk.group === '' ? gvk.version : `${gvk.group}/${gvk.version}`;
}

/**
 * Fields that the documents call required although the server takes their absence for the zero value, and accepts
 * that. By type, and by name where the type does not tell; found by asking a real API server (decision 0008).
 */
const zeroTypes = ['boolean', 'int64', 'quantity'];
const zeroFields = [
  'batch.v1.PodFailurePolicy.rules',
  'core.v1.Event.involvedObject',
  'core.v1.Event.metadata',
  'core.v1.EvictionResponder.priority',
  'core.v1.HTTPHeader.value',
  'core.v1.ISCSIPersistentVolumeSource.lun',
  'core.v1.ISCSIVolumeSource.lun',
  'core.v1.LimitRangeSpec.limits',
  'core.v1.PreferredSchedulingTerm.preference',
  'core.v1.Sysctl.value',
  'meta.v1.GroupResource.group',
  'resource.v1.ResourceClaim.spec',
  'resource.v1.ResourceClaimTemplateSpec.spec',
  'scheduling.v1.PriorityClass.value',
  'storage.v1.CSIDriver.spec',
  'storage.v1.CSINode.spec',
  'storage.v1.CSINodeSpec.drivers',
];

/** Shapes of the given kinds and of everything they reach. Throws when a kind has no schema. */
export function compactApis(
  schemas: ReadonlyMap<string, OpenApiSchema>,
  served: readonly ApplicableKind[],
): CompactApis {
  const names = schemaNames(schemas);
  const result: CompactApis = { kinds: {}, shapes: {} };
  for (const kind of served) {
    const name = names.get(`${apiVersionOf(kind)}/${kind.kind}`);
    if (name === undefined) throw new Error(`no schema for ${apiVersionOf(kind)} ${kind.kind}`);
    const { status: _, ...properties } = schemas.get(name)?.properties ?? {};
    const shape = objectOf({ schemas, shapes: result.shapes }, name, { ...schemas.get(name), properties });
    (result.kinds[apiVersionOf(kind)] ??= {})[kind.kind] = [kind.scope, shape];
  }
  return result;
}

interface Target {
  readonly schemas: ReadonlyMap<string, OpenApiSchema>;
  readonly shapes: Record<string, Shape>;
}

function addShape(target: Target, name: string, schema: OpenApiSchema): void {
  const short = shortName(name);
  if (target.shapes[short] !== undefined) return;
  target.shapes[short] = 'any'; // a schema may reach itself
  target.shapes[short] = objectOf(target, name, schema);
}

function objectOf(target: Target, name: string, schema: OpenApiSchema): Shape {
  const fields = Object.entries(schema.properties ?? {}).map(
    ([key, field]) => [key, shapeOf(target, field)] as const,
  );
  const shapes = Object.fromEntries(fields);
  const required = (schema.required ?? []).filter((key) => {
    const shape = shapes[key];
    const hasZero =
      typeof shape === 'string' ? zeroTypes.includes(shape) : shape !== undefined && 'map' in shape;
    return !hasZero && !zeroFields.includes(`${shortName(name)}.${key}`);
  });
  return { fields: shapes, ...(required.length === 0 ? {} : { required }) };
}

function shapeOf(target: Target, schema: OpenApiSchema): Shape {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (reference !== undefined) return referenceTo(target, reference.slice('#/components/schemas/'.length));
  if (schema.items !== undefined) return listOf(target, schema, schema.items);
  if (schema.additionalProperties !== undefined) return { map: shapeOf(target, schema.additionalProperties) };
  return scalarOf(schema);
}

function referenceTo(target: Target, reference: string): Shape {
  // Published as anything; a list of schemas, the other form, is refused in every CRD.
  const name = reference.replace(/\.JSONSchemaPropsOrArray$/, '.JSONSchemaProps');
  const schema = target.schemas.get(name);
  if (schema === undefined) throw new Error(`no schema named ${name}`);
  if (name.endsWith('.api.resource.Quantity')) return 'quantity';
  if (schema.properties === undefined) return shapeOf(target, schema);
  addShape(target, name, schema);
  return `#${shortName(name)}`;
}

function listOf(target: Target, list: OpenApiSchema, items: OpenApiSchema): Shape {
  const shape = { list: shapeOf(target, items) };
  if (list['x-kubernetes-list-type'] === 'set') return { ...shape, set: true };
  if (list['x-kubernetes-list-type'] !== 'map') return shape;
  const item = target.schemas.get(
    (items.$ref ?? items.allOf?.[0]?.$ref ?? '').slice('#/components/schemas/'.length),
  );
  const keys = (list['x-kubernetes-list-map-keys'] ?? []).map((name): ListKey => {
    const byDefault = item?.properties?.[name]?.default;
    return isScalar(byDefault) ? [name, byDefault] : [name];
  });
  return { ...shape, keys };
}

function scalarOf(schema: OpenApiSchema): string {
  const name = schema.format ?? schema.type ?? 'any';
  if (name === 'object') return 'any-object';
  return name;
}

/** apiVersion/kind -> schema name. Options and status kinds carry many group-version-kinds; objects carry one. */
function schemaNames(schemas: ReadonlyMap<string, OpenApiSchema>): Map<string, string> {
  const names = new Map<string, string>();
  for (const [name, schema] of schemas) {
    const [gvk, ...more] = schema['x-kubernetes-group-version-kind'] ?? [];
    if (gvk !== undefined && more.length === 0) names.set(`${apiVersionOf(gvk)}/${gvk.kind}`, name);
  }
  return names;
}

function shortName(name: string): string {
  return name.replace(/^io\.k8s\.(api\.|apimachinery\.pkg\.(apis\.)?|.*\.pkg\.apis\.)/, '');
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
