// A control plane as its own process, for tests that stop or kill it. The child dies with the test's teardown.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configFile } from '../../control-plane/config.ts';
import type { Addresses } from '../../control-plane/run.ts';
import { initialise } from '../../control-plane/trust/initialise.ts';
import { ensurePrivateDir, writeFileAtomic } from '../../daemon/atomic-file.ts';
import { systemClock } from '../../daemon/clock.ts';
import { environment } from '../../daemon/config.ts';
import { type Child, systemExec } from '../../daemon/exec.ts';
import { systemRandom } from '../../daemon/random.ts';
import { callRest, type Operator, publishRelease } from './control-plane.ts';
import { configMapObject, makeRelease, newSigner, signaturesOf } from './documents.ts';

const main = join(import.meta.dirname, '../../control-plane/main.ts');
const exec = systemExec(environment());
const readyWithinMs = 20_000;

export interface ControlPlaneProcess extends Operator, AsyncDisposable {
  readonly data: string;
  readonly token: string;
  readonly child: Child;
  /** What it has logged so far. */
  readonly lines: () => readonly string[];
  /** Publishes a release with one object; returns its name. */
  publishSample(): Promise<string>;
}

/** What `tre-control-plane init` does, for any free ports, without the second that a process takes. */
export async function initControlPlane(data: string): Promise<void> {
  await ensurePrivateDir(data);
  const tokenFile = join(data, 'operator-token');
  const random = systemRandom(systemClock);
  await initialise(data, { clock: systemClock, random, domain: 'localhost', tokenFile });
  await writeFileAtomic(configFile(data), JSON.stringify({ grpcPort: 0, httpPort: 0 }));
}

/** `tre-control-plane run`; resolves when it is ready. Flags may name ports, to come back where it was. */
export async function controlPlaneProcess(data: string, ...flags: string[]): Promise<ControlPlaneProcess> {
  const lines: string[] = [];
  const ready = Promise.withResolvers<Addresses>();
  const line = (text: string): void => {
    lines.push(text);
    const { message, agents, api } = (text.startsWith('{') ? JSON.parse(text) : {}) as Addresses & {
      message?: string;
    };
    if (message === 'ready') ready.resolve({ agents, api });
  };
  const child = await exec.spawn(process.execPath, [main, 'run', '--data', data, ...flags], {
    output: { line },
  });
  const late = setTimeout(() => ready.reject(new Error(`not ready: ${lines.join('\n')}`)), readyWithinMs);
  void child.exited.then(() => ready.reject(new Error(`ended: ${lines.join('\n')}`)));
  const addresses = await ready.promise.finally(() => clearTimeout(late));
  const ca = readFileSync(join(data, 'trust/ca.pem'), 'utf8');
  const token = readFileSync(join(data, 'operator-token'), 'utf8').trim();
  const rest: Operator['rest'] = (method, path, body, given = token) =>
    callRest({ method, url: `${addresses.api}${path}`, ca, token: given, body });
  const plane = { data, addresses, ca, token, rest, child, lines: () => lines };
  return {
    ...plane,
    publishSample: async () => {
      const made = makeRelease([configMapObject('a')]);
      await publishRelease(plane, made, signaturesOf(made.manifest, newSigner('alice')));
      return 'demo@1.0.0';
    },
    [Symbol.asyncDispose]: async () => void (await child.stop()),
  };
}
