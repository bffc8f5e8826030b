// What the faults of the doctor have in common: a real control plane, a real Kubernetes with a node, and the data folder
// of a machine that has joined, of which every fault gets a copy to spoil. Called by the system test of the doctor.

import { X509Certificate } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FindingCode } from '../../agent/doctor/findings.ts';
import type { HopName } from '../../agent/doctor/hop.ts';
import { openStore } from '../../agent/store/store.ts';
import { type Authority, openAuthority } from '../../control-plane/trust/authority.ts';
import { trustFolder } from '../../control-plane/trust/initialise.ts';
import { systemClock } from '../../daemon/clock.ts';
import { kubeconfigText, type Proof } from '../../dev/kubernetes/kubeconfig.ts';
import type { LocalKubernetes } from '../../dev/kubernetes/kubernetes-handle.ts';
import { type JoinedSite, joinSite } from './agent-client.ts';
import { startControlPlane, type TestControlPlane } from './control-plane.ts';
import type { Patient } from './doctor-patient.ts';
import { keysetOf, newSigner } from './documents.ts';
import { loopbackIdentity } from './loopback-certificate.ts';
import type { Shown } from './odd-servers.ts';

export type Need = 'namespaces' | 'a real node';

export interface Fault {
  readonly name: string;
  /** Which hop breaks first; the second where it depends on the moment. */
  readonly hop: HopName | readonly HopName[];
  readonly code: FindingCode;
  /** What is to be asked of the people who run the firewall; any such line when not given. */
  readonly firewall?: RegExp;
  /** What else is an error then, besides the missing cluster and agent of most benches. */
  readonly also?: readonly FindingCode[];
  /** What not every machine and user has. */
  readonly needs?: Need;
  readonly inject: (bench: Bench) => Promise<Partial<Patient>>;
}

export interface Bench extends AsyncDisposable {
  readonly plane: TestControlPlane;
  readonly kubernetes: LocalKubernetes;
  /** Ends what faults started. */
  readonly stack: AsyncDisposableStack;
  /** A new folder. */
  readonly folder: () => string;
  /** Flags that show another machine: a copy of the data folder whose site is at `address`. It has no cluster. */
  readonly machine: (address?: string) => Promise<Record<string, string>>;
  /** Flags that show a machine with the real cluster. */
  readonly whole: () => Promise<Record<string, string>>;
  /** Writes a kubeconfig and returns the flags of a machine with it. */
  readonly cluster: (server: string, ca: string, proof: Proof) => Promise<Record<string, string>>;
  /** Our CA at another time: issues what is too old or too new. */
  readonly authorityAt: (offsetMs: number) => Promise<Authority>;
  /** A certificate of our CA, issued at another time. */
  readonly shownAt: (offsetMs: number) => Promise<Shown>;
  /** A certificate of somebody else. */
  readonly foreign: Shown;
  readonly joined: JoinedSite;
}

export const dayMs = 86_400_000;
const bootId = '019aaf00-0000-7000-8000-0000000000d0';

export async function openBench(kubernetes: LocalKubernetes): Promise<Bench> {
  await using opening = new AsyncDisposableStack();
  const root = mkdtempSync(join(tmpdir(), 'tre-doctor-'));
  opening.defer(() => rmSync(root, { recursive: true, force: true }));
  const folder = (): string => mkdtempSync(join(root, 'f-'));
  const planeData = join(root, 'plane');
  mkdirSync(planeData);
  const plane = opening.use(await startControlPlane(planeData));
  const joined = await joinSite(plane, 'leeds');
  const authorityAt = (offsetMs: number): Promise<Authority> =>
    openAuthority(trustFolder(planeData), {
      clock: { ...systemClock, now: () => Date.now() + offsetMs },
      domain: 'localhost',
    });
  const original = join(root, 'joined');
  await writeData(original, { plane, joined, authority: await authorityAt(0) });
  const machine: Bench['machine'] = async (address) => {
    const home = folder();
    const data = join(home, 'data');
    cpSync(original, data, { recursive: true });
    if (address !== undefined) await changeAddress(data, address);
    return { data, socket: join(home, 'agent.sock'), kubeconfig: join(home, 'kubeconfig') };
  };
  const stack = opening.use(new AsyncDisposableStack());
  const open = opening.move();
  return {
    plane,
    kubernetes,
    joined,
    foreign: await loopbackIdentity(),
    stack,
    folder,
    machine,
    whole: async () => ({ ...(await machine()), kubeconfig: kubernetes.agentKubeconfig }),
    authorityAt,
    cluster: async (server, ca, proof) => {
      const kubeconfig = join(folder(), 'kubeconfig');
      writeFileSync(kubeconfig, kubeconfigText({ server, user: 'tre-agent', ca, proof }), { mode: 0o600 });
      return { ...(await machine()), kubeconfig };
    },
    shownAt: async (offsetMs) => {
      const { chain, key } = await (await authorityAt(offsetMs)).issueServerIdentity([]);
      return { cert: chain, key };
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

interface Roots {
  readonly plane: TestControlPlane;
  readonly joined: JoinedSite;
  readonly authority: Authority;
}

/** What joining leaves behind. */
async function writeData(folder: string, { plane, joined, authority }: Roots): Promise<void> {
  const { body } = await plane.rest<{ director: { name: string; key: string } }>('GET', '/v1/director');
  await using store = await openStore(folder, bootId, 0);
  const { siteId: id, name, machine } = joined;
  const keyset = keysetOf(1, newSigner('alice'));
  const { caDigest } = authority;
  const roots = { id, name, address: plane.addresses.agents, caDigest, director: body.director, keyset };
  store.site.join(roots, 'token', Date.now());
  store.site.setCa(new X509Certificate(plane.ca).raw);
  store.site.endEnrolment();
  const pem = (key: typeof machine.leafKey): string => String(key.export({ type: 'pkcs8', format: 'pem' }));
  await store.keys.writeDevice(pem(machine.deviceKey));
  await store.keys.writeLeaf(leafFile(pem(machine.leafKey), joined.leaf));
}

/** Key and certificate as the agent keeps them. */
export function leafFile(key: string, leaf: Uint8Array): string {
  return `${key.trim()}\n${new X509Certificate(leaf).toString()}`;
}

async function changeAddress(folder: string, address: string): Promise<void> {
  await using store = await openStore(folder, bootId, 0);
  store.site.setAddress(address);
}
