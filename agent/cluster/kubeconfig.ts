// From a kubeconfig (already parsed from YAML or JSON) or a pod's own files to what a connection needs. Certificates
// and tokens are read here; @kubernetes/client-node is loaded only for an exec authenticator, for it costs 61 MiB.
// Whatever would weaken the connection (plain HTTP, no verification, a proxy) is refused. Called by agent/main.ts.
import { resolve } from 'node:path';
import type { Clock } from '../../daemon/clock.ts';
import type { Files } from '../../daemon/files.ts';
import { TreError } from '../../proto/errors.ts';
import { type Credential, cachedToken, fixedToken, tokenFile } from './credential.ts';

/** One API server and how to be known there. PEM texts. */
export interface ClusterAccess {
  readonly server: URL;
  /** Null: the certificate authorities of this machine. */
  readonly ca: string | null;
  readonly serverName: string | null;
  readonly certificate: { readonly cert: string; readonly key: string } | null;
  readonly credential: Credential | null;
}

export interface KubeconfigOptions {
  /** Relative paths in the file start here. */
  readonly folder: string;
  /** Instead of current-context. */
  readonly context?: string;
  readonly files: Files;
  readonly clock: Clock;
}

/** Throws TreError KUBECONFIG_INVALID, with what is wrong and never with a value. */
export async function accessOfKubeconfig(
  config: unknown,
  options: KubeconfigOptions,
): Promise<ClusterAccess> {
  const root = record(config, 'the file');
  const contextName = options.context ?? textOf(root, 'current-context');
  const context = named(root, 'contexts', contextName, 'context');
  const cluster = named(root, 'clusters', textOf(context, 'cluster'), 'cluster');
  const userName = textOf(context, 'user');
  const user = named(root, 'users', userName, 'user');
  for (const [section, field] of [
    [cluster, 'insecure-skip-tls-verify'],
    [cluster, 'proxy-url'],
    [user, 'username'],
    [user, 'auth-provider'],
  ] as const)
    if (section?.[field] !== undefined && section[field] !== false)
      throw invalid(`${field} is not supported`);

  const cert = await pem(user, 'client-certificate', options);
  const key = await pem(user, 'client-key', options);
  if ((cert === null) !== (key === null))
    throw invalid('a client certificate needs its key, and a key its certificate');
  const credential = credentialOf(user, { root, contextName, options });
  if (cert === null && credential === null) throw invalid(`the user ${userName} has no credentials`);
  return {
    server: serverOf(cluster),
    ca: await pem(cluster, 'certificate-authority', options),
    serverName: optionalText(cluster, 'tls-server-name'),
    certificate: cert === null || key === null ? null : { cert, key },
    credential,
  };
}

/** The identity of the pod that this process runs in. `host` and `port` as the kubelet sets them for every pod. */
export async function accessInCluster(
  { host, port }: { readonly host: string; readonly port: string },
  { files, clock }: Pick<KubeconfigOptions, 'files' | 'clock'>,
): Promise<ClusterAccess> {
  const ca = await files.read(`${podFolder}/ca.crt`);
  if (ca === undefined) throw invalid(`there is no ${podFolder}/ca.crt`);
  const server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);
  const credential = tokenFile(`${podFolder}/token`, { files, clock });
  return { server, ca: new TextDecoder().decode(ca), serverName: null, certificate: null, credential };
}

const podFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

type Section = Readonly<Record<string, unknown>>;

function credentialOf(
  user: Section,
  {
    root,
    contextName,
    options,
  }: { readonly root: Section; readonly contextName: string; readonly options: KubeconfigOptions },
): Credential | null {
  const file = optionalText(user, 'tokenFile');
  if (file !== null) return tokenFile(resolve(options.folder, file), options);
  const token = optionalText(user, 'token');
  if (token !== null) return fixedToken(token);
  return user['exec'] === undefined ? null : execToken(root, contextName, options);
}

/** Asks the command again after a few minutes or a 401; the authenticator itself knows nothing of an early end. */
function execToken(root: Section, contextName: string, { clock }: KubeconfigOptions): Credential {
  return cachedToken(clock, execLifeMs, async () => {
    const { KubeConfig } = await import('@kubernetes/client-node');
    const config = new KubeConfig();
    config.loadFromString(JSON.stringify({ ...root, 'current-context': contextName }));
    const answer: { headers?: Record<string, string> } = {};
    try {
      await config.applyToHTTPSOptions(answer);
    } catch (cause) {
      throw new TreError('CLUSTER_UNAUTHENTICATED', 'the exec authenticator of the kubeconfig failed', {
        cause,
      });
    }
    const token = /^Bearer (\S+)$/.exec(answer.headers?.['Authorization'] ?? '')?.[1];
    if (token === undefined)
      throw new TreError('CLUSTER_UNAUTHENTICATED', 'the exec authenticator gave no token');
    return token;
  });
}

const execLifeMs = 5 * 60_000;

function serverOf(cluster: Section): URL {
  const text = textOf(cluster, 'server');
  const server = URL.canParse(text) ? new URL(text) : undefined;
  if (server === undefined || server.protocol !== 'https:')
    throw invalid('server is not an https:// address');
  if (server.pathname !== '/' || server.search !== '') throw invalid('a server with a path is not supported');
  return server;
}

/** `FIELD-data` in base64, or the file that `FIELD` names. */
async function pem(
  section: Section,
  field: string,
  { files, folder }: KubeconfigOptions,
): Promise<string | null> {
  const data = optionalText(section, `${field}-data`);
  if (data !== null) {
    const text = Buffer.from(data, 'base64').toString('utf8');
    if (!text.includes('-----BEGIN ')) throw invalid(`${field}-data is not PEM in base64`);
    return text;
  }
  const path = optionalText(section, field);
  if (path === null) return null;
  const bytes = await files.read(resolve(folder, path));
  if (bytes === undefined) throw invalid(`${field} names a file that is not there`);
  return new TextDecoder().decode(bytes);
}

function named(root: Section, list: string, name: string, inner: string): Section {
  const entries = root[list];
  const found = Array.isArray(entries)
    ? entries.map((entry) => record(entry, list)).find((entry) => entry['name'] === name)
    : undefined;
  if (found === undefined) throw invalid(`${list} has no entry ${name}`);
  return record(found[inner] ?? {}, `${list}/${name}`);
}

function textOf(section: Section, field: string): string {
  const value = optionalText(section, field);
  if (value === null) throw invalid(`${field} is missing`);
  return value;
}

function optionalText(section: Section, field: string): string | null {
  const value = section[field];
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw invalid(`${field} is not a text`);
  return value;
}

function record(value: unknown, place: string): Section {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${place} is not an object`);
  return value as Section;
}

function invalid(what: string): TreError {
  return new TreError('KUBECONFIG_INVALID', what);
}
