// Certificates and kubeconfigs of one data folder. The certificates are made once; the kubeconfigs are written at
// every start, because they name the port. Called by start-kubernetes.ts.
import { rename, rm } from 'node:fs/promises';
import { ensurePrivateDir, readIfPresent, readText, writeFileAtomic } from '../../daemon/atomic-file.ts';
import { type Exec, runChecked } from '../../daemon/exec.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { type Layout, type User, users } from './layout.ts';

/** Makes what is missing; all anew where a user has none yet, for nobody keeps the key that signs. `program` writes them. */
export async function ensureCertificates(layout: Layout, program: string, exec: Exec): Promise<void> {
  const files = Object.keys(users).map((user) => layout.certificate(user).key);
  const present = await Promise.all([layout.caFile, ...files].map((file) => readIfPresent(file)));
  if (present.every((bytes) => bytes !== undefined)) return;
  const temporary = await ensurePrivateDir(`${layout.certificates}.tmp`);
  const subjects = Object.entries(users).map(([file, { name, group }]) => {
    return group === undefined ? `${file}=${name}` : `${file}=${name}::${group}`;
  });
  await runChecked(exec, program, [temporary, ...subjects]);
  await rm(layout.certificates, { recursive: true, force: true });
  await rename(temporary, layout.certificates);
}

/** PEM texts for one user's TLS connections. */
export interface Credentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export async function credentialsOf(layout: Layout, user: User): Promise<Credentials> {
  const { cert, key } = layout.certificate(user);
  const [caText, certText, keyText] = await Promise.all([
    readText(layout.caFile),
    readText(cert),
    readText(key),
  ]);
  return { ca: caText, cert: certText, key: keyText };
}

export async function writeKubeconfigs(layout: Layout, server: string): Promise<void> {
  for (const user of Object.keys(users) as User[]) {
    const { ca, cert, key } = await credentialsOf(layout, user);
    const text = kubeconfigText({ server, user: users[user].name, ca, proof: { cert, key } });
    await writeFileAtomic(layout.kubeconfig(user), text);
  }
}
