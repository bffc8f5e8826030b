// The kubeconfig: is it there, can it be used, is its certificate in date and can its token be had? The API server is
// asked by the next hop. No value of it is ever shown. Called by examine.ts.
import { errorChain, isDaemonError } from '../../daemon/errors.ts';
import { systemFiles } from '../../daemon/files.ts';
import { certificateFacts } from '../../daemon/tls.ts';
import { TreError } from '../../proto/errors.ts';
import { accessInCluster, accessOfKubeconfig, type ClusterAccess } from '../cluster/kubeconfig.ts';
import { readYaml, type Settings } from '../config.ts';
import { time } from '../local/status-words.ts';
import { type Finding, finding } from './findings.ts';
import { fine, hop, type Tools, wrong } from './hop.ts';

export const lookAtKubeconfig = hop('kubeconfig', ['settings'], async ({ settings }, tools) => {
  let access: ClusterAccess | undefined;
  try {
    access = await readAccess(settings, tools);
  } catch (error) {
    return wrong(unusable(error, settings.kubeconfig));
  }
  if (access === undefined)
    return wrong(finding('KUBECONFIG_MISSING', 'none is named, and this is no pod of a cluster'));
  const expired = expiry(access, tools.clock.now());
  if (expired !== undefined) return wrong(expired, { access });
  const failed = await tokenTrouble(access, tools);
  if (failed !== undefined) return wrong(failed);
  return fine(`${settings.kubeconfig || 'the identity of this pod'}, for ${access.server.host}`, { access });
});

async function readAccess(
  { kubeconfig, context }: Settings,
  { environment, clock }: Tools,
): Promise<ClusterAccess | undefined> {
  const files = systemFiles;
  if (kubeconfig !== '') {
    const { content, folder } = await readYaml(kubeconfig);
    return accessOfKubeconfig(content, { folder, files, clock, ...(context === '' ? {} : { context }) });
  }
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  return host === undefined || port === undefined
    ? undefined
    : accessInCluster({ host, port }, { files, clock });
}

function unusable(error: unknown, path: string): Finding {
  if (error instanceof TreError)
    return finding('KUBECONFIG_INVALID', `${path}: ${error.message.replace(/^[A-Z_]+: /, '')}`);
  const detail = errorChain(error).replace(/^\[[a-z-]+\] /, '');
  if (isDaemonError(error, 'config-invalid')) return finding('KUBECONFIG_INVALID', detail);
  return /there is no file/.test(detail)
    ? finding('KUBECONFIG_MISSING', path)
    : finding('FILE_UNREADABLE', detail);
}

function expiry({ certificate }: ClusterAccess, nowMs: number): Finding | undefined {
  if (certificate === null) return undefined;
  try {
    const [facts] = certificateFacts(certificate.cert, 'client certificate');
    if (facts === undefined || facts.notAfterMs >= nowMs) return undefined;
    return finding(
      'CLUSTER_CERTIFICATE_EXPIRED',
      `it ended at ${time(facts.notAfterMs)}, and it is ${time(nowMs)} here`,
    );
  } catch (error) {
    return finding('KUBECONFIG_INVALID', errorChain(error).replace(/^\[[a-z-]+\] /, ''));
  }
}

async function tokenTrouble(
  { credential }: ClusterAccess,
  { timeoutMs, signal }: Tools,
): Promise<Finding | undefined> {
  try {
    await credential?.token(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    return undefined;
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    const why = isLate ? `nothing within ${timeoutMs} ms` : errorChain(error).replace(/^[A-Z_]+: /, '');
    return finding('CLUSTER_CREDENTIAL_FAILED', why.slice(0, maxDetailLength));
  }
}

const maxDetailLength = 300;
