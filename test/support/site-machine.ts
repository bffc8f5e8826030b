// A machine of a site and the real control plane, in this process and without Kubernetes: joining, approval by the six words, a
// session over real TLS. Between the two ends are real files and real databases.
import type { ExecutionContext } from 'ava';
import { readJoinFile } from '../../agent/intake/join.ts';
import { Session, type SessionDeps } from '../../agent/intake/run-session.ts';
import { type AgentStore, openStore } from '../../agent/store/store.ts';
import { systemClock } from '../../daemon/clock.ts';
import { silentLog } from '../../daemon/log.ts';
import { systemRandom } from '../../daemon/random.ts';
import { publishRelease, startControlPlane, type TestControlPlane } from './control-plane.ts';
import { clusterUid, keysetOf, type MadeRelease, newSigner, signaturesOf } from './documents.ts';
import { scratch } from './scratch.ts';

/** Signs the releases that these sites accept. */
export const ada = newSigner('ada');
const bootId = '019aaf00-0000-7000-8000-0000000000b0';
const random = systemRandom(systemClock);

export interface Machine {
  readonly store: AgentStore;
  readonly start: (changes?: Partial<SessionDeps>) => {
    readonly session: Session;
    readonly stop: () => Promise<void>;
  };
}

export interface SiteBody {
  readonly id: string;
  readonly waiting: readonly { readonly fingerprint: string }[];
  readonly held: { readonly generation: number } | null;
  readonly state: {
    readonly generation: number;
    readonly objectsApplied: number;
    readonly conditions: readonly { readonly code: string }[];
  } | null;
  readonly contact: { readonly connected: boolean };
}

export async function machine(t: ExecutionContext, plane: TestControlPlane, site: string): Promise<Machine> {
  const store = await openStore(scratch(t), bootId, 0);
  const stops: (() => Promise<void>)[] = [];
  t.teardown(async () => {
    for (const stop of stops) await stop();
    await store[Symbol.asyncDispose]();
  });
  const { body: roots } = await plane.rest<object>('GET', '/v1/director');
  const { body: made } = await plane.rest<{ siteId: string; siteName: string; token: string }>(
    'POST',
    `/v1/sites/${site}/join-token`,
    {},
  );
  const { siteId, siteName, token } = made;
  const file = { type: 'tre.join/v1', siteId, siteName, ...roots, token, keyset: keysetOf(1, ada) };
  await readJoinFile(store, Buffer.from(JSON.stringify(file)), Date.now());
  const start: Machine['start'] = (changes) => {
    const stopping = new AbortController();
    const policy = { baseMs: 20, capMs: 50, stableMs: 600_000 };
    const deps = {
      store,
      clock: systemClock,
      random,
      log: silentLog,
      bootId,
      agentVersion: '0.1.0',
      onVerdict: () => undefined,
      policy,
    };
    const session = new Session({ ...deps, clusterUid: () => clusterUid, ...changes });
    const ended = session.run(stopping.signal);
    const stop = async () => {
      stopping.abort();
      await ended;
    };
    stops.push(stop);
    return { session, stop };
  };
  return { store, start };
}

export async function until<T>(
  look: () => T | Promise<T>,
  fits: (seen: T) => boolean,
  what: string,
): Promise<T> {
  const end = Date.now() + 15_000;
  for (;;) {
    const seen = await look();
    if (fits(seen)) return seen;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}: ${JSON.stringify(seen)}`);
    await systemClock.sleep(20);
  }
}

export const connected = (session: Session) =>
  until(
    () => session.status().kind,
    (kind) => kind === 'streaming',
    'the stream',
  );
export const siteOf = async (plane: TestControlPlane, name: string) =>
  (await plane.rest<SiteBody>('GET', `/v1/sites/${name}`)).body;

/** A site whose machine was approved by its six words. */
export async function joined(t: ExecutionContext, plane: TestControlPlane, name: string) {
  await plane.rest('POST', '/v1/sites', { name });
  const made = await machine(t, plane, name);
  const { session, stop } = made.start();
  const { waiting } = await until(
    () => siteOf(plane, name),
    (site) => site.waiting.length > 0,
    'the request',
  );
  const words = session.status().words;
  t.is(words, waiting[0]?.fingerprint ?? '', 'both ends show the same words');
  await plane.rest('POST', `/v1/sites/${name}/approve`, { fingerprint: words });
  await connected(session);
  return { ...made, session, stop };
}

export async function plane(t: ExecutionContext): Promise<TestControlPlane> {
  const started = await startControlPlane(scratch(t));
  t.teardown(() => started.stop());
  return started;
}

/** Publishes a release, signed as these sites want it, and assigns it. */
export async function assign(control: TestControlPlane, site: string, made: MadeRelease): Promise<void> {
  await publishRelease(control, made, signaturesOf(made.manifest, ada));
  const { name, version } = made.release;
  await control.rest('PUT', `/v1/sites/${site}/desired`, { release: `${name}@${version}` });
}
