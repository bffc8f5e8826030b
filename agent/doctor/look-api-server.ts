// The Kubernetes API server: connection, certificate, readiness with the name of the part that fails, and the rights of
// the agent. Asked by the same client as the agent's. Called by examine.ts.
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';
import { openHttp2Api } from '../cluster/http2-api.ts';
import type { ClusterAccess } from '../cluster/kubeconfig.ts';
import { time } from '../local/status-words.ts';
import { type Finding, type FindingCode, finding } from './findings.ts';
import { fine, hop, type Tools, wrong } from './hop.ts';
import { reachAny } from './look-connection.ts';
import { resolved } from './look-name.ts';
import {
  type Handshake,
  type HandshakeOptions,
  type PeerCertificate,
  type Reached,
  shakeHands,
} from './reach.ts';
import { firewallLine, isThisMachine, type Target, triedText } from './target.ts';

export const lookAtApiServer = hop('api server', ['access'], async ({ access }, tools) => {
  const unreached = await wayFinding(access, tools);
  if (unreached !== undefined) return wrong(unreached);
  await using api = clusterApi(access, tools);
  const failure = await firstFailure(api, tools.signal);
  if (failure !== undefined) return wrong(failure);
  return fine(`${access.server.host} is ready and lets the agent in`, { nodesReadable: true });
});

/** The agent's own client, with the patience of the doctor. */
export function clusterApi(access: ClusterAccess, { timeoutMs }: Tools): ClusterApi & AsyncDisposable {
  const limits = { connectTimeoutMs: timeoutMs, requestTimeoutMs: timeoutMs };
  return openHttp2Api({ access, userAgent: 'tre-agent/doctor', limits });
}

async function wayFinding(access: ClusterAccess, tools: Tools): Promise<Finding | undefined> {
  const { server, serverName, ca } = access;
  const host = server.hostname.replace(/^\[|\]$/g, '');
  const port = Number(server.port === '' ? httpsPort : server.port);
  const addresses = await resolved(host, tools);
  const tried = addresses === undefined ? [] : await reachAny(addresses, port, tools.timeoutMs);
  const reached = tried.find(({ kind }) => kind === 'connected');
  if (reached === undefined) return unreached({ host, port }, tried);
  const { address } = reached;
  const { timeoutMs } = tools;
  const options = { address, port, host: serverName ?? host, ca, timeoutMs, minVersion: 'TLSv1.2' } as const;
  const shaken = await shakeHands(options);
  const where = `${address} port ${port}`;
  if (shaken.kind !== 'done')
    return finding(tlsCodes[shaken.kind], `${where}: no TLS handshake: ${shaken.detail}`);
  const { untrusted, chain } = shaken;
  return untrusted === null
    ? undefined
    : badCertificate(untrusted, { where, leaf: chain[0], options }, tools);
}

const httpsPort = 443;

async function unreached(target: Target, tried: readonly Reached[]): Promise<Finding> {
  const [first] = tried;
  if (first === undefined)
    return finding(
      'API_SERVER_UNREACHABLE',
      `${target.host} has no address here`,
      await firewallLine(target, []),
    );
  const isNear = tried.every(({ address }) => isThisMachine(address));
  const code = first.kind === 'silent' && isNear ? 'API_SERVER_SILENT' : tcpCodes[first.kind];
  const line = linedCodes.has(code)
    ? await firewallLine(
        target,
        tried.map(({ address }) => address),
      )
    : null;
  return finding(code, triedText(tried), line);
}

const tcpCodes: Readonly<Record<Reached['kind'], FindingCode>> = {
  refused: 'API_SERVER_REFUSES',
  silent: 'API_SERVER_FILTERED',
  closed: 'API_SERVER_SILENT',
  'no-route': 'API_SERVER_UNREACHABLE',
  connected: 'INTERNAL',
};

/** A firewall may be why. */
const linedCodes: ReadonlySet<FindingCode> = new Set(['API_SERVER_FILTERED', 'API_SERVER_UNREACHABLE']);

const tlsCodes: Readonly<Record<Exclude<Handshake['kind'], 'done'>, FindingCode>> = {
  silent: 'API_SERVER_SILENT',
  closed: 'API_SERVER_SILENT',
  'not-tls': 'API_SERVER_REFUSES',
  'too-old': 'API_SERVER_REFUSES',
  'no-http2': 'API_SERVER_REFUSES',
  refused: 'API_SERVER_REFUSES',
};

interface BadCertificate {
  readonly where: string;
  readonly leaf: PeerCertificate | undefined;
  readonly options: HandshakeOptions;
}

function badCertificate(
  untrusted: string,
  { where, leaf, options }: BadCertificate,
  { clock }: Tools,
): Finding {
  const now = time(clock.now());
  if (leaf !== undefined && untrusted === 'CERT_HAS_EXPIRED')
    return finding(
      'API_SERVER_CERTIFICATE_EXPIRED',
      `${where}: it ended at ${time(leaf.notAfterMs)}, and it is ${now} here`,
    );
  if (leaf !== undefined && untrusted === 'CERT_NOT_YET_VALID')
    return finding(
      'ClockOff',
      `it is ${now} here, and the certificate of the API server begins at ${time(leaf.notBeforeMs)}`,
    );
  if (leaf !== undefined && untrusted === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return finding('API_SERVER_NAME_WRONG', `it is for ${leaf.names}, asked for was ${options.host}`);
  return finding('API_SERVER_UNTRUSTED', `${where}: ${untrusted}, issued by ${leaf?.issuer ?? 'nobody'}`);
}

/** What the agent needs of every cluster, besides what its release names. */
const probes: readonly string[] = [
  '/readyz?verbose',
  '/api/v1/namespaces/kube-system',
  '/apis/apps/v1/deployments?limit=1',
];

async function firstFailure(api: ClusterApi, signal: AbortSignal): Promise<Finding | undefined> {
  for (const path of probes) {
    const answer = await api.request({ method: 'GET', path, accept: '*/*' }, signal);
    if (!answer.ok) return failureFinding(answer, path);
  }
  return undefined;
}

function failureFinding({ code, status, detail }: ApiFailure, path: string): Finding {
  if (status === null) return finding('API_SERVER_SILENT', `GET ${path}: ${detail}`);
  const failing = [...detail.matchAll(/\[-\](\S+)/g)].map(([, name]) => name ?? '');
  if (failing.length === 0) return finding(code, `GET ${path}: ${detail}`);
  const isDatastore = failing.some((name) => name.startsWith('etcd'));
  return finding(isDatastore ? 'DATASTORE_DOWN' : 'API_SERVER_NOT_READY', `not ready: ${failing.join(', ')}`);
}
