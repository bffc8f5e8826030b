// Which services of a site are open to a public network. PURE. The rule, in this order:
// no address yet, or private ones only: closed, whatever the annotations say; a public address: open, unless the service
// names the ranges that may come in; a host name of a cloud instead of an address: open, unless an annotation asks that
// cloud for an internal one or the name is private. Called by site-checks.ts.
import { BlockList, isIP } from 'node:net';

/** The fields of a Service of type LoadBalancer that are read here. */
export interface LoadBalancerService {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly loadBalancerSourceRanges?: readonly string[] };
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
    };
  };
}

export function isOpenToPublic({ metadata, spec, status }: LoadBalancerService): boolean {
  const ingress = status?.loadBalancer?.ingress ?? [];
  const { loadBalancerSourceRanges: ranges = [] } = spec ?? {};
  if (ranges.length > 0 && ranges.every(isNamedRange)) return false;
  const { annotations = {} } = metadata;
  return ingress.some(({ ip = '', hostname = '' }) => {
    if (ip !== '') return isPublicAddress(ip);
    return hostname !== '' && !asksForInternal(annotations) && isPublicName(hostname);
  });
}

/** Can be reached from the internet, as far as the address tells; a text that is no address cannot. */
export function isPublicAddress(text: string): boolean {
  const version = isIP(text);
  return version !== 0 && !notPublic.check(text, version === 4 ? 'ipv4' : 'ipv6');
}

/** Private, shared, link-local, loopback, and those that are for documents and benchmarks. */
const notPublic = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
] as const)
  notPublic.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['2001:db8::', 32],
] as const)
  notPublic.addSubnet(network, bits, 'ipv6');

/** A range that somebody chose: not everyone, nor everyone in a few pieces. */
function isNamedRange(range: string): boolean {
  const [network = '', bits = ''] = range.trim().split('/');
  const version = isIP(network);
  return version !== 0 && /^\d+$/.test(bits) && Number(bits) >= (version === 4 ? 8 : 20);
}

const internalAnnotations: ReadonlyMap<string, readonly string[]> = new Map([
  ['service.beta.kubernetes.io/azure-load-balancer-internal', ['true']],
  ['service.beta.kubernetes.io/aws-load-balancer-internal', ['true', '0.0.0.0/0']],
  ['service.beta.kubernetes.io/aws-load-balancer-scheme', ['internal']],
  ['networking.gke.io/load-balancer-type', ['internal']],
]);

function asksForInternal(annotations: Readonly<Record<string, string>>): boolean {
  return Object.entries(annotations).some(([name, value]) =>
    internalAnnotations.get(name)?.includes(value.trim().toLowerCase()),
  );
}

const privateSuffixes = ['local', 'internal', 'lan', 'home.arpa', 'localhost'];

function isPublicName(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '');
  return name.includes('.') && !privateSuffixes.some((suffix) => name.endsWith(`.${suffix}`));
}
