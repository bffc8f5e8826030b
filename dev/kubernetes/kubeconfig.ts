// A kubeconfig with a client certificate, everything embedded, in the form that K3s writes. Pure.
export interface KubeconfigFacts {
  readonly server: string;
  readonly user: string;
  /** PEM texts. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export function kubeconfigText({ server, user, ca, cert, key }: KubeconfigFacts): string {
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
  return `apiVersion: v1
kind: Config
clusters:
- name: default
  cluster:
    certificate-authority-data: ${base64(ca)}
    server: ${server}
contexts:
- name: default
  context:
    cluster: default
    user: ${user}
current-context: default
users:
- name: ${user}
  user:
    client-certificate-data: ${base64(cert)}
    client-key-data: ${base64(key)}
`;
}
