// The ClusterRole of the agent, generated from what the API server serves and from the custom groups that releases
// bring. No wildcard verb, no update, no deletecollection, no impersonation, no subresource of a built-in kind.
// Secrets by name only: server-side apply needs create and patch (whose answer shows the object, hence get), but a
// list would show all of them. A real site derives a narrower role from its release; see decision 0007.
import type { Api, ApiRequest } from './api.ts';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** One group as the aggregated discovery lists it; only what is read here. */
export interface DiscoveredGroup {
  readonly metadata?: { readonly name?: string };
  readonly versions: readonly {
    readonly resources?: readonly { readonly resource: string; readonly verbs: readonly string[] }[];
  }[];
}

const applyVerbs = ['get', 'list', 'watch', 'create', 'patch', 'delete'];
const readVerbs = ['get', 'list', 'watch'];
const byNameVerbs = ['get', 'create', 'patch', 'delete'];
// Written by the cluster itself.
const readOnly = new Set(['nodes', 'events', 'componentstatuses']);
// What would make somebody else of the agent.
const refusedGroups = new Set(['authentication.k8s.io', 'authorization.k8s.io', 'certificates.k8s.io']);

/** The rules, in a stable order: a discovered group by its resources, a custom one with all that it has or will have. */
export function agentRules(discovered: readonly DiscoveredGroup[], customGroups: readonly string[]): Rule[] {
  const custom = new Set(customGroups);
  const builtIn = discovered
    .map((group) => ({ name: group.metadata?.name ?? '', resources: resourcesOf(group) }))
    .filter(({ name }) => !custom.has(name) && !refusedGroups.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    ...builtIn.flatMap(({ name, resources }) => rulesOf(name, resources)),
    ...[...custom].sort().map((name) => ({ apiGroups: [name], resources: ['*'], verbs: applyVerbs })),
    // A release may grant what the agent itself does not hold: to its operators, to its portal.
    {
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['roles', 'clusterroles'],
      verbs: ['escalate', 'bind'],
    },
  ];
}

function resourcesOf(group: DiscoveredGroup): string[] {
  const found = group.versions.flatMap(({ resources = [] }) => resources);
  return [
    ...new Set(found.filter(({ verbs }) => verbs.includes('get')).map(({ resource }) => resource)),
  ].sort();
}

function rulesOf(group: string, resources: readonly string[]): Rule[] {
  const secret = (name: string): boolean => group === '' && name === 'secrets';
  const rule = (names: readonly string[], verbs: readonly string[]): Rule[] =>
    names.length === 0 ? [] : [{ apiGroups: [group], resources: names, verbs }];
  return [
    ...rule(
      resources.filter((name) => !readOnly.has(name) && !secret(name)),
      applyVerbs,
    ),
    ...rule(resources.filter(secret), byNameVerbs),
    ...rule(
      resources.filter((name) => readOnly.has(name)),
      readVerbs,
    ),
  ];
}

export interface RoleOptions {
  readonly agentUser: string;
  /** API groups whose CRDs a release will bring; groups of CRDs that are there already need not be named. */
  readonly customGroups: readonly string[];
  readonly signal: AbortSignal;
}

/** Writes ClusterRole and ClusterRoleBinding `tre-agent`. A built-in group among `customGroups` changes nothing. */
export async function grantAgentRights(admin: Api, options: RoleOptions): Promise<void> {
  const { agentUser, signal } = options;
  const discovered = await discover(admin, signal);
  const installed = await customGroupsOf(admin, signal);
  const builtIn = new Set(discovered.map((group) => group.metadata?.name ?? ''));
  const announced = options.customGroups.filter((name) => name !== '' && !builtIn.has(name));
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const metadata = { name: roleName };
  const rules = agentRules(discovered, [...installed, ...announced]);
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: agentUser }];
  await applyAsAdmin(admin, 'clusterroles', { apiVersion, kind: 'ClusterRole', metadata, rules }, signal);
  await applyAsAdmin(
    admin,
    'clusterrolebindings',
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef, subjects },
    signal,
  );
}

const roleName = 'tre-agent';
const discoveryType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

async function discover(admin: Api, signal: AbortSignal): Promise<DiscoveredGroup[]> {
  const lists = await Promise.all(
    ['/api', '/apis'].map((path) => readItems(admin, { path, accept: discoveryType, signal })),
  );
  return lists.flat() as DiscoveredGroup[];
}

async function customGroupsOf(admin: Api, signal: AbortSignal): Promise<string[]> {
  const items = await readItems(admin, {
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    signal,
  });
  return (items as { spec: { group: string } }[]).map(({ spec }) => spec.group);
}

async function readItems(admin: Api, request: ApiRequest): Promise<unknown[]> {
  const { status, body } = await admin.request(request);
  if (status !== 200) throw new Error(`GET ${request.path} answered ${status}`);
  return (body as { items: unknown[] }).items;
}

async function applyAsAdmin(admin: Api, resource: string, body: object, signal: AbortSignal): Promise<void> {
  const path = `/apis/rbac.authorization.k8s.io/v1/${resource}/${roleName}?fieldManager=tre-fleet-dev&force=true`;
  const { status, body: answer } = await admin.request({ method: 'PATCH', path, body, signal });
  if (status >= 300)
    throw new Error(`cannot write the ${resource} of the agent: ${status} ${JSON.stringify(answer)}`);
}
