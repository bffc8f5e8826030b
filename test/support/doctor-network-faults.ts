// Faults on the way to the control plane, as hospital networks have them, each made by a real resolver, route, listener or
// certificate. Read by the system test of the doctor.
import { type Bench, dayMs, type Fault } from './doctor-bench.ts';
import type { Patient } from './doctor-patient.ts';
import {
  closedPort,
  cutting,
  http2,
  openProxy,
  plainHttp,
  resetting,
  silent,
  tlsOnly,
} from './odd-servers.ts';

const name = 'control-plane.hospital.example:7443';
/** A network whose other end has nobody: what is sent there is lost. */
export const lossyNetwork = [
  'ip link add here type veth peer name there',
  'ip address add 192.0.2.1/24 dev here',
  'ip link set here up',
  'ip link set there up',
  'ip neighbour add 192.0.2.55 lladdr 02:00:00:00:00:01 dev here',
];

/** A router that refuses to pass anything on, and says so. */
const refusingRouter = [
  'mount -t tmpfs tmpfs /run',
  'ip netns add router',
  'ip link add here type veth peer name there netns router',
  'ip address add 192.0.2.1/24 dev here',
  'ip link set here up',
  'ip route add default via 192.0.2.2',
  'ip -n router address add 192.0.2.2/24 dev there',
  'ip -n router link set there up',
  'ip -n router route add prohibit 198.51.100.0/24',
  "ip netns exec router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'",
];
/** A resolver on this machine, as systemd has one, that asks a name server behind a firewall. */
const stubResolver = [
  ...lossyNetwork,
  'mount -t tmpfs tmpfs /run',
  'mkdir -p /run/systemd/resolve',
  'touch /run/systemd/resolve/stub-resolv.conf',
  'echo nameserver 192.0.2.55 >/run/systemd/resolve/resolv.conf',
];

type Inject = Fault['inject'];

/** A machine whose control plane is on a port of this machine. */
const at =
  (port: (bench: Bench) => Promise<number>): Inject =>
  async (bench) => ({ flags: await bench.machine(`localhost:${await port(bench)}`) });

const resolving =
  (nameServer: string): Inject =>
  async (bench) => ({ flags: await bench.machine(name), network: true, nameServer });

/** Must be seen nowhere. */
export const proxyPassword = 'planted-password';

/** The direct way is closed, and there is a proxy. */
const behindProxy =
  (proxy: (bench: Bench) => Promise<number>): Inject =>
  async (bench): Promise<Partial<Patient>> => ({
    flags: await bench.machine(`localhost:${await closedPort()}`),
    environment: { HTTPS_PROXY: `http://ward:${proxyPassword}@127.0.0.1:${await proxy(bench)}` },
  });

const accepted = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-status': '5',
  'tre-code': 'CONTENT_MISSING',
};
const dateAt = (offsetMs: number): string => new Date(Date.now() + offsetMs).toUTCString();

export const networkFaults: readonly Fault[] = [
  {
    name: 'the name does not exist',
    hop: 'name',
    code: 'NAME_UNKNOWN',
    needs: 'namespaces',
    inject: resolving('nxdomain'),
  },
  {
    name: 'the name server fails',
    hop: 'name',
    code: 'NAME_SERVER_FAILS',
    needs: 'namespaces',
    inject: resolving('servfail'),
  },
  {
    name: 'the name server refuses',
    hop: 'name',
    code: 'NAME_SERVER_FAILS',
    needs: 'namespaces',
    inject: resolving('refused'),
  },
  {
    name: 'the name server is silent',
    hop: 'name',
    code: 'NAME_SERVER_SILENT',
    needs: 'namespaces',
    inject: resolving('silent'),
  },
  {
    name: 'no name server runs',
    hop: 'name',
    code: 'NAME_SERVER_SILENT',
    needs: 'namespaces',
    inject: async (bench) => ({ flags: await bench.machine(name), network: true }),
  },
  {
    name: 'systemd-resolved asks a name server that is filtered',
    hop: 'name',
    code: 'NAME_SERVER_SILENT',
    firewall: /^allow UDP and TCP from this machine \(192\.0\.2\.1\) to 192\.0\.2\.55 port 53$/,
    needs: 'namespaces',
    inject: async (bench) => ({
      flags: await bench.machine(name),
      network: true,
      nameServer: 'servfail',
      setup: stubResolver,
    }),
  },
  {
    name: 'a filter answers 0.0.0.0',
    hop: 'name',
    code: 'NAME_WRONG_ADDRESS',
    also: ['TCP_REFUSED'],
    needs: 'namespaces',
    inject: resolving('0.0.0.0'),
  },
  {
    name: 'the name leads to a lost address',
    hop: 'connection',
    code: 'TCP_NO_ROUTE',
    needs: 'namespaces',
    inject: resolving('192.0.2.55'),
  },
  {
    name: 'the proxy answers 407',
    hop: 'proxy',
    code: 'PROXY_REFUSES',
    also: ['TCP_REFUSED'],
    inject: behindProxy(({ stack }) => plainHttp(stack, 407)),
  },
  {
    name: 'the proxy answers 403',
    hop: 'proxy',
    code: 'PROXY_REFUSES',
    also: ['TCP_REFUSED'],
    inject: behindProxy(({ stack }) => plainHttp(stack, 403)),
  },
  {
    name: 'nobody is there, and the proxy says so (503)',
    hop: 'connection',
    code: 'TCP_REFUSED',
    inject: behindProxy(({ stack }) => plainHttp(stack, 503)),
  },
  {
    name: 'the proxy is away',
    hop: 'proxy',
    code: 'PROXY_UNREACHABLE',
    also: ['TCP_REFUSED'],
    inject: behindProxy(() => closedPort()),
  },
  {
    name: 'only the proxy leads out',
    hop: 'proxy',
    code: 'PROXY_NEEDED',
    also: ['TCP_REFUSED'],
    inject: behindProxy(({ stack }) => openProxy(stack)),
  },
  { name: 'the port is closed', hop: 'connection', code: 'TCP_REFUSED', inject: at(() => closedPort()) },
  {
    name: 'a firewall drops packets',
    hop: 'connection',
    code: 'TCP_FILTERED',
    firewall: /^allow TCP from this machine \(192\.0\.2\.1\) to 192\.0\.2\.55 port 7443, TLS not inspected$/,
    needs: 'namespaces',
    inject: async (bench) => ({
      flags: await bench.machine('192.0.2.55:7443'),
      network: true,
      setup: lossyNetwork,
    }),
  },
  {
    name: 'a router refuses to pass packets on',
    hop: 'connection',
    code: 'TCP_NO_ROUTE',
    firewall:
      /^allow TCP from this machine \(192\.0\.2\.1\) to 198\.51\.100\.7 port 7443, TLS not inspected$/,
    needs: 'namespaces',
    inject: async (bench) => ({
      flags: await bench.machine('198.51.100.7:7443'),
      network: true,
      setup: refusingRouter,
    }),
  },
  {
    name: 'the cable is out',
    hop: 'connection',
    code: 'TCP_NO_ROUTE',
    needs: 'namespaces',
    inject: async (bench) => ({ flags: await bench.machine('192.0.2.55:7443'), network: true }),
  },
  {
    name: 'reset after accept',
    hop: ['connection', 'tls'],
    code: 'CONNECTION_CLOSED',
    inject: at(({ stack }) => resetting(stack)),
  },
  {
    name: 'a captive portal in plain HTTP',
    hop: 'tls',
    code: 'NOT_TLS',
    inject: at(({ stack }) => plainHttp(stack)),
  },
  { name: 'accepted and silent', hop: 'tls', code: 'TLS_SILENT', inject: at(({ stack }) => silent(stack)) },
  {
    name: 'TLS inspected with another CA',
    hop: 'tls',
    code: 'CA_MISMATCH',
    inject: at(async ({ stack, foreign }) => http2(stack, foreign, { answer: accepted })),
  },
  {
    name: 'TLS 1.2 at most',
    hop: 'tls',
    code: 'TLS_TOO_OLD',
    inject: at(async ({ stack, foreign }) =>
      tlsOnly(stack, foreign, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }),
    ),
  },
  {
    name: 'HTTP/2 taken out',
    hop: 'tls',
    code: 'HTTP2_MISSING',
    inject: at(async ({ stack, shownAt }) => tlsOnly(stack, await shownAt(0))),
  },
  {
    name: 'HTTP/1.1 alone is offered',
    hop: 'tls',
    code: 'HTTP2_MISSING',
    inject: at(async ({ stack, shownAt }) =>
      tlsOnly(stack, await shownAt(0), { ALPNProtocols: ['http/1.1'] }),
    ),
  },
  {
    name: 'the server certificate has expired',
    hop: 'tls',
    code: 'SERVER_CERTIFICATE_EXPIRED',
    inject: at(async ({ stack, shownAt }) => http2(stack, await shownAt(-90 * dayMs), { answer: accepted })),
  },
  {
    name: 'this clock is far behind',
    hop: 'tls',
    code: 'ClockOff',
    inject: at(async ({ stack, shownAt }) =>
      http2(stack, await shownAt(10 * dayMs), { answer: { ...accepted, date: dateAt(10 * dayMs) } }),
    ),
  },
  {
    name: 'this clock is two hours ahead',
    hop: 'control plane',
    code: 'ClockOff',
    inject: at(async ({ stack, shownAt }) =>
      http2(stack, await shownAt(0), { answer: { ...accepted, date: dateAt(-dayMs / 12) } }),
    ),
  },
  {
    name: 'a certificate for another name',
    hop: 'tls',
    code: 'SERVER_NAME_WRONG',
    inject: async ({ stack, shownAt, machine }) => {
      const host = '127.0.0.2';
      const port = await http2(stack, await shownAt(0), { answer: accepted, host });
      return { flags: await machine(`${host}:${port}`) };
    },
  },
  {
    name: 'HTTP/2 is held back',
    hop: 'control plane',
    code: 'CONTROL_PLANE_SILENT',
    inject: at(async ({ stack, shownAt }) => http2(stack, await shownAt(0), { answer: null })),
  },
  {
    name: 'a gateway answers 503',
    hop: 'control plane',
    code: 'CONTROL_PLANE_UNAVAILABLE',
    inject: at(async ({ stack, shownAt }) => http2(stack, await shownAt(0), { answer: { ':status': 503 } })),
  },
  {
    name: 'a web server answers',
    hop: 'control plane',
    code: 'NOT_A_CONTROL_PLANE',
    inject: at(async ({ stack, shownAt }) =>
      http2(stack, await shownAt(0), { answer: { ':status': 404, 'content-type': 'text/html' } }),
    ),
  },
  {
    name: 'connections are cut after half a second',
    hop: 'control plane',
    code: 'CONNECTION_CUT',
    inject: at(({ stack, plane }) =>
      cutting(stack, Number(new URL(`https://${plane.addresses.agents}`).port), 500),
    ),
  },
];
