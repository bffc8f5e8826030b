// The Kubernetes API server: connection, certificate, readiness with the name of the part that fails, and the rights of
// the agent. Asked by the same client as the agent's. Called by examine.ts.
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';
import { openHttp2Api } from '../cluster/http2-api.ts';
import type { ClusterAccess } from '../cluster/kubeconfig.ts';
import { type Finding, type FindingCode, finding } from './findings.ts';
import { fine, hop, type Tools, wrong } from './hop.ts';
import { reachAny } from './look-connection.ts';
import { resolved } from './look-name.ts';
import { type Reached, shakeHands } from './reach.ts';
import { triedText } from './target.ts';

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

async function wayFinding(
  { server, serverName, ca }: ClusterAccess,
  tools: Tools,
): Promise<Finding | undefined> {
  const host = server.hostname.replace(/^\[|\]$/g, '');
  const port = Number(server.port === '' ? httpsPort : server.port);
  const addresses = await resolved(host, tools);
  if (addresses === undefined) return finding('API_SERVER_UNREACHABLE', `${host} has no address here`);
  const tried = await reachAny(addresses, port, tools.timeoutMs);
  const reached = tried.find(({ kind }) => kind === 'connected');
  if (reached === undefined)
    return finding(tcpCodes[tried[0]?.kind ?? 'no-route'] ?? 'API_SERVER_UNREACHABLE', triedText(tried));
  const { address } = reached;
  const { timeoutMs } = tools;
  const options = { address, port, host: serverName ?? host, ca, timeoutMs, minVersion: 'TLSv1.2' } as const;
  const shaken = await shakeHands(options);
  const where = `${address} port ${port}`;
  if (shaken.kind === 'silent') return finding('API_SERVER_SILENT', `${where}: no TLS handshake`);
  if (shaken.kind !== 'done')
    return finding('API_SERVER_UNTRUSTED', `${where}: no TLS handshake: ${shaken.detail}`);
  const { untrusted, chain } = shaken;
  if (untrusted === null) return undefined;
  const detail = `${where}: ${untrusted}, issued by ${chain[0]?.issuer ?? 'nobody'}`;
  return finding(
    untrusted === 'CERT_HAS_EXPIRED' ? 'API_SERVER_CERTIFICATE_EXPIRED' : 'API_SERVER_UNTRUSTED',
    detail,
  );
}

const httpsPort = 443;

const tcpCodes: Partial<Record<Reached['kind'], FindingCode>> = {
  refused: 'API_SERVER_REFUSES',
  silent: 'API_SERVER_SILENT',
  closed: 'API_SERVER_SILENT',
};

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
