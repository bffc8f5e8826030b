// The proxy settings of this machine. tre-agent connects directly and uses none: so a proxy only matters when there is
// no direct way, and then it is named with what it says to a CONNECT. Credentials of a proxy are used, never shown.
// Called by examine.ts; the environment is that of the command.
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { Environment } from '../../daemon/config.ts';
import { type Finding, finding } from './findings.ts';
import { fine, hop, type Tools, wrong } from './hop.ts';
import { reachAny } from './look-connection.ts';
import { percentDecoded } from './percent-decoded.ts';
import { firewallLine, type Target, targetOf } from './target.ts';

export const lookAtProxy = hop('proxy', ['site', 'addresses'], async ({ site, addresses }, tools) => {
  const target = targetOf(site.address);
  const proxy = proxyFor(target, tools.environment);
  if (proxy === undefined) return fine('none is set for this host');
  const { variable, url } = proxy;
  if (url === null) return fine(`${variable} names none that speaks HTTP; tre-agent uses none`);
  const direct = await reachAny(addresses, target.port, tools.timeoutMs);
  const shown = `${variable} is ${url.host}`;
  if (direct.some(({ kind }) => kind === 'connected'))
    return fine(`${shown}; not used, for there is a direct way`, { direct });
  const tunnelled = await tunnel(url, target, tools);
  // Not the proxy's fault: what keeps both away is for the next hop to say.
  if (tunnelled.kind === 'answered' && gatewayFailures.has(tunnelled.status))
    return fine(`${shown}; it does not reach the control plane either (${tunnelled.status})`, { direct });
  const line = await firewallLine(target, addresses);
  return wrong(proxyFinding(tunnelled, { shown, line }), { direct });
});

/** The proxy itself got no answer. */
const gatewayFailures: ReadonlySet<number> = new Set([502, 503, 504]);

interface Proxy {
  readonly variable: string;
  /** Null when it cannot be read as one. */
  readonly url: URL | null;
}

/** The proxy that other programs would use; undefined for a host that is exempt. */
function proxyFor({ host }: Target, environment: Environment): Proxy | undefined {
  const variable = proxyVariables.find((name) => (environment[name] ?? '') !== '');
  if (variable === undefined || isExempt(host, environment)) return undefined;
  return { variable, url: proxyUrl(environment[variable] ?? '') };
}

const proxyVariables: readonly string[] = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];

/** A password with a bare `/`, `#` or `?` would be taken for host and port, and be shown: such a text is not read at all. */
function proxyUrl(text: string): URL | null {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  const isProxy = url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/';
  return isProxy && url.search === '' && url.hash === '' ? url : null;
}

function isExempt(host: string, environment: Environment): boolean {
  const list = (environment['NO_PROXY'] ?? environment['no_proxy'] ?? '').split(/[\s,]+/);
  return list
    .map((entry) => entry.replace(/^\*?\./, ''))
    .some((entry) => entry === '*' || (entry !== '' && (host === entry || host.endsWith(`.${entry}`))));
}

type Tunnel =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'unreachable'; readonly detail: string };

function proxyFinding(
  tunnel: Tunnel,
  { shown, line }: { readonly shown: string; readonly line: string },
): Finding {
  if (tunnel.kind === 'unreachable') return finding('PROXY_UNREACHABLE', `${shown}: ${tunnel.detail}`, line);
  const { status } = tunnel;
  if (status >= 200 && status < 300) return finding('PROXY_NEEDED', shown, line);
  const why = status === authenticationRequired ? ': it wants a user and a password' : '';
  return finding('PROXY_REFUSES', `${shown}; it answers ${status}${why}`, line);
}

const authenticationRequired = 407;
const maxHeadBytes = 16 * 1024;

/** The first line of the answer to a CONNECT. */
function tunnel(proxy: URL, { host, port }: Target, { timeoutMs }: Tools): Promise<Tunnel> {
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const user = percentDecoded(`${proxy.username}:${proxy.password}`);
  const proof =
    proxy.username === '' ? '' : `Proxy-Authorization: Basic ${Buffer.from(user).toString('base64')}\r\n`;
  return new Promise((resolve) => {
    const socket = socketTo(proxy);
    let head = '';
    const end = (result: Tunnel) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => end({ kind: 'unreachable', detail: 'it does not answer' }), timeoutMs);
    socket.setEncoding('latin1');
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () =>
      socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${proof}\r\n`),
    );
    socket.once('error', (error) => end({ kind: 'unreachable', detail: error.message }));
    socket.once('close', () => end({ kind: 'unreachable', detail: 'it closes the connection' }));
    socket.on('data', (chunk: string) => {
      head += chunk;
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
      if (status !== undefined) end({ kind: 'answered', status: Number(status) });
      else if (head.length > maxHeadBytes) end({ kind: 'unreachable', detail: 'it does not speak HTTP' });
    });
  });
}

/** What follows holds a password: where TLS is asked for, it is sent to nobody else than the one whom the name means. */
function socketTo({ protocol, hostname, port }: URL): Socket {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol === 'http:') return connect({ host, port: Number(port) || 80 });
  return connectTls({ host, port: Number(port) || 443, ...(isIP(host) === 0 ? { servername: host } : {}) });
}
