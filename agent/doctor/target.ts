// Whom the agent dials, and the line that a person sends to the people who run the firewall. PURE but for asking which
// of our own addresses leads there. Called by the hops on the way to the control plane.
import { BlockList, isIP } from 'node:net';
import { localAddressTowards, type Reached } from './reach.ts';

/** Host without brackets. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Of `host:port` or `[ipv6]:port`, as a join file has it. */
export function targetOf(address: string): Target {
  const { hostname, port } = new URL(`https://${address}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? httpsPort : port) };
}

const httpsPort = 443;

/** Word for word what to ask for. */
export async function firewallLine({ host, port }: Target, addresses: readonly string[]): Promise<string> {
  const own = await ownAddress(addresses);
  const others = addresses.filter((address) => address !== host);
  const to = `${host}${others.length === 0 ? '' : ` (${others.join(', ')})`}`;
  return `allow TCP from ${machine(own)} to ${to} port ${port}, TLS not inspected`;
}

/** The same for a name server. */
export async function nameServerLine(servers: readonly string[]): Promise<string> {
  const far = servers.filter((server) => !isThisMachine(server));
  const to = far.length === 0 ? 'its name servers' : far.join(', ');
  return `allow UDP and TCP from ${machine(await ownAddress(far))} to ${to} port 53`;
}

/** Ours on the way to the first of them to which there is one: half of a network may have none. */
async function ownAddress(addresses: readonly string[]): Promise<string | undefined> {
  for (const address of addresses) {
    const own = await localAddressTowards(address);
    if (own !== undefined) return own;
  }
  return undefined;
}

const thisMachine = new BlockList();
thisMachine.addSubnet('127.0.0.0', 8, 'ipv4');
thisMachine.addSubnet('0.0.0.0', 8, 'ipv4');
thisMachine.addAddress('::1', 'ipv6');
thisMachine.addAddress('::', 'ipv6');

/** Packets to it never leave. */
export function isThisMachine(address: string): boolean {
  return thisMachine.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** `10.2.3.4 port 7443`, all that were tried. */
export function triedText(tried: readonly Reached[]): string {
  return tried.map(({ address, port }) => `${address} port ${port}`).join(', ');
}

function machine(address: string | undefined): string {
  return `this machine${address === undefined ? '' : ` (${address})`}`;
}
