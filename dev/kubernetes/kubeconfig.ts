// A kubeconfig in the form that K3s writes, everything embedded, so that one file is all a process needs. Pure.
// Called by credentials.ts and existing-kubernetes.ts; the file holds a secret and is written 0600.

/** What proves who the user is: a client certificate, or a token where a cluster signs no certificates for us. */
export type Proof = { readonly cert: string; readonly key: string } | { readonly token: string };

export interface KubeconfigFacts {
  readonly server: string;
  readonly user: string;
  /** PEM text. */
  readonly ca: string;
  readonly proof: Proof;
}

export function kubeconfigText({ server, user, ca, proof }: KubeconfigFacts): string {
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
${proofLines(proof)}
`;
}

function proofLines(proof: Proof): string {
  if ('token' in proof) return `    token: ${proof.token}`;
  return `    client-certificate-data: ${base64(proof.cert)}\n    client-key-data: ${base64(proof.key)}`;
}

function base64(pem: string): string {
  return Buffer.from(pem).toString('base64');
}
