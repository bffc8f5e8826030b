// NetworkPolicies as one nftables table: for each pod that a policy selects a chain per direction, which returns what is
// allowed and drops the rest. PURE. For tests alone: it knows pods by their IPv4 addresses, and no named ports.
// Called by policy-enforcer.ts.

export interface PolicyWorld {
  readonly namespaces: readonly { readonly metadata: Metadata }[];
  readonly pods: readonly Pod[];
  readonly policies: readonly Policy[];
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Pod {
  readonly metadata: Metadata;
  readonly spec: { readonly hostNetwork?: boolean };
  readonly status?: { readonly podIP?: string; readonly phase?: string };
}

interface Policy {
  readonly metadata: Metadata;
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly {
    readonly protocol?: string;
    readonly port?: number;
    readonly endPort?: number;
  }[];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export type Direction = 'ingress' | 'egress';
export const bothDirections: readonly Direction[] = ['egress', 'ingress'];

/** Replaces the table `name` as a whole when given to `nft -f -`. */
export function policyTable(name: string, world: PolicyWorld, enforced = bothDirections): string {
  const known = world.pods.filter(isOnPodNetwork);
  const directions = enforced.map((direction) => {
    const chains = known.flatMap((pod, index) => {
      const body = chainOf(pod, direction, { ...world, pods: known });
      return body === null ? [] : [{ name: `${direction}_${index}`, address: addressOf(pod), body }];
    });
    const jumps = chains.map((chain) => `${chain.address} : jump ${chain.name}`).join(', ');
    const side = direction === 'egress' ? 'saddr' : 'daddr';
    return {
      chains: chains.map((chain) => `chain ${chain.name} {\n${chain.body}\n}`),
      rule: jumps === '' ? '' : `ip ${side} vmap { ${jumps} }`,
    };
  });
  const hook = 'type filter hook forward priority -5; policy accept;\nct state established,related accept';
  const forward = `chain forward {\n${[hook, ...directions.map(({ rule }) => rule)].join('\n')}\n}`;
  const body = [...directions.flatMap(({ chains }) => chains), forward].join('\n');
  return `table ip ${name}\ndelete table ip ${name}\ntable ip ${name} {\n${body}\n}\n`;
}

function isOnPodNetwork({ spec, status }: Pod): boolean {
  const { podIP = '', phase = '' } = status ?? {};
  return podIP !== '' && spec.hostNetwork !== true && ['Pending', 'Running'].includes(phase);
}

function addressOf({ status }: Pod): string {
  return status?.podIP ?? '';
}

/** Null when no policy selects the pod in that direction. */
function chainOf(pod: Pod, direction: Direction, world: PolicyWorld): string | null {
  const own = world.policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.metadata.namespace &&
      matches(spec.podSelector, pod.metadata.labels) &&
      typesOf(spec).includes(direction),
  );
  if (own.length === 0) return null;
  const allowed = own.flatMap((policy) =>
    (policy.spec[direction] ?? []).flatMap((rule) => matchesOf(rule, policy, direction, world)),
  );
  return [...allowed.map((match) => `${match} return`), 'counter drop'].join('\n');
}

function typesOf({ policyTypes, egress }: Policy['spec']): readonly string[] {
  const types = policyTypes ?? ['Ingress', ...(egress === undefined ? [] : ['Egress'])];
  return types.map((type) => type.toLowerCase());
}

/** Every peer with every port. */
function matchesOf(rule: Rule, policy: Policy, direction: Direction, world: PolicyWorld): readonly string[] {
  const side = direction === 'egress' ? 'ip daddr' : 'ip saddr';
  const peers = (direction === 'egress' ? rule.to : rule.from) ?? [];
  const from = peers.length === 0 ? [''] : peers.flatMap((peer) => peerMatch(side, peer, policy, world));
  const ports = (rule.ports ?? []).map(({ protocol = 'TCP', port, endPort }) => {
    if (port === undefined) return `meta l4proto ${protocol.toLowerCase()}`;
    return `${protocol.toLowerCase()} dport ${port}${endPort === undefined ? '' : `-${endPort}`}`;
  });
  return from.flatMap((peer) => (ports.length === 0 ? [peer] : ports.map((port) => `${peer} ${port}`)));
}

function peerMatch(side: string, peer: Peer, policy: Policy, world: PolicyWorld): readonly string[] {
  const { ipBlock, podSelector, namespaceSelector } = peer;
  if (ipBlock !== undefined) {
    const { cidr, except = [] } = ipBlock;
    return [`${side} ${cidr}${except.length === 0 ? '' : ` ${side} != { ${except.join(', ')} }`}`];
  }
  const isIn = (namespace: string | undefined): boolean => {
    if (namespaceSelector === undefined) return namespace === policy.metadata.namespace;
    return matches(
      namespaceSelector,
      world.namespaces.find(({ metadata }) => metadata.name === namespace)?.metadata.labels,
    );
  };
  const found = world.pods.filter(
    ({ metadata }) =>
      isIn(metadata.namespace) && (podSelector === undefined || matches(podSelector, metadata.labels)),
  );
  return found.length === 0 ? [] : [`${side} { ${found.map(addressOf).join(', ')} }`];
}

function matches(selector: Selector, labels: Readonly<Record<string, string>> = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      const isAmong = value !== undefined && values.includes(value);
      if (operator === 'In') return isAmong;
      if (operator === 'NotIn') return !isAmong;
      return (value !== undefined) === (operator === 'Exists');
    })
  );
}
