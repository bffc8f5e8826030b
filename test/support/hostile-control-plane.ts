// A control plane in wrong hands: the real rooms, the real director key, the real certificates, and offers that no honest
// one would make. It can say anything that its operator could make it say; what it lacks are the keys of release authors.
// Its REST API and what it offers by itself are those of an honest control plane. Called by system tests.
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApiMetrics } from '../../control-plane/api/metrics.ts';
import { openApi } from '../../control-plane/api/server.ts';
import { openStore, type Store } from '../../control-plane/store/store.ts';
import { contentService } from '../../control-plane/sync/content-service.ts';
import { enrolmentService } from '../../control-plane/sync/enrolment-service.ts';
import { createHub, type Hub } from '../../control-plane/sync/hub.ts';
import { openAgentListener } from '../../control-plane/sync/listener.ts';
import { type OfferPart, type OfferSource, storedOffers } from '../../control-plane/sync/offers.ts';
import { syncService } from '../../control-plane/sync/sync-service.ts';
import { openAuthority } from '../../control-plane/trust/authority.ts';
import { openDirector } from '../../control-plane/trust/director.ts';
import { createEnrolment } from '../../control-plane/trust/enrolment.ts';
import { initialise, trustFolder } from '../../control-plane/trust/initialise.ts';
import { systemClock } from '../../daemon/clock.ts';
import { type ContentStore, contentFiles } from '../../daemon/content-files.ts';
import { silentLog } from '../../daemon/log.ts';
import { systemRandom } from '../../daemon/random.ts';
import { publicKeyOf } from '../../proto/envelope.ts';
import { callRest, type TestControlPlane } from './control-plane.ts';
import type { MadeRelease, Signer } from './documents.ts';

export interface HostileControlPlane extends TestControlPlane {
  /** The real director key. */
  readonly director: Signer;
  /** Served under a digest instead of what belongs to it. */
  readonly lies: Map<string, Uint8Array>;
  /** Sends one message to a connected site, once. */
  offer(siteId: string, part: Partial<OfferPart>): void;
  /** Has the content of a release at hand without publishing it. */
  keep(made: MadeRelease): Promise<void>;
}

const settings = { heartbeatMs: 30_000, maxStreamMs: 900_000 };
const epoch = 2;
const host = { host: '127.0.0.1', port: 0 };
const clock = systemClock;
const random = systemRandom(clock);
const log = silentLog;

/** A new one in an empty folder; its epoch is 2, so that there is a lower one. */
export async function startHostileControlPlane(data: string): Promise<HostileControlPlane> {
  const tokenFile = join(data, 'operator-token');
  await initialise(data, { clock, random, domain: 'localhost', tokenFile });
  await using opened = new AsyncDisposableStack();
  const store = opened.use(openStore(data));
  store.settings.set('epoch', String(epoch));
  const content = contentFiles(join(data, 'content'));
  const [lies, queue] = [new Map<string, Uint8Array>(), [] as OfferPart[]];
  const hub = createHub(systemClock, silentLog);
  const { addresses, ca } = await listen(opened, data, { store, content, lies, queue, hub });
  opened.defer(() => hub.retireAll(() => 0));
  const token = readFileSync(tokenFile, 'utf8').trim();
  const stack = opened.move();
  const stop = () => stack.disposeAsync();
  return {
    data,
    addresses,
    ca,
    token,
    lies,
    director: directorOf(data),
    rest: (method, path, body, given = token) =>
      callRest({ method, url: `${addresses.api}${path}`, ca, token: given, body }),
    offer: (siteId, part) => {
      queue.push({ documents: [], releaseSignatures: new Uint8Array(), more: false, ...part });
      hub.wake(siteId);
    },
    keep: async ({ manifest, objects }) => void (await content.put(manifest, ...objects)),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Rooms {
  readonly store: Store;
  readonly content: ContentStore;
  readonly lies: ReadonlyMap<string, Uint8Array>;
  readonly queue: OfferPart[];
  readonly hub: Hub;
}

/** Both listeners, as run.ts of the control plane opens them; only offers and content are not its own. */
async function listen(opened: AsyncDisposableStack, data: string, rooms: Rooms) {
  const { store, content, lies, queue, hub } = rooms;
  const authority = await openAuthority(trustFolder(data), { clock, domain: 'localhost' });
  const director = await openDirector(trustFolder(data));
  const identity = await authority.issueServerIdentity([]);
  const { caPem, caDigest } = authority;
  const foundation = { store, authority, clock, random, log };
  const offers = queuedOffers(queue, storedOffers({ store, clock }));
  const services = {
    enrolment: enrolmentService(createEnrolment(foundation), log),
    sync: syncService({ ...foundation, offers, hub, settings }),
    content: contentService({ store: withoutScruples(store), content: lying(content, lies), clock, log }),
  };
  const agents = opened.use(
    await openAgentListener({ ...host, identity, caPem, maxConnections: 100, services, log }),
  );
  const agentAddress = `localhost:${agents.port}`;
  const deps = {
    ...foundation,
    content,
    director,
    signals: hub,
    alerts: { waiting: () => 0, failingForMs: () => 0 },
    caDigest,
    agentAddress,
    version: '0.0.0-test',
  };
  const api = opened.use(await openApi(deps, { ...host, identity, metrics: createApiMetrics() }));
  return { addresses: { agents: agentAddress, api: `https://localhost:${api.port}` }, ca: caPem };
}

/** What the test has queued, else what an honest control plane would offer. */
function queuedOffers(queue: OfferPart[], stored: OfferSource): OfferSource {
  return {
    offerFor: (siteId) => {
      const next = queue.shift();
      return next === undefined ? stored.offerFor(siteId) : [next];
    },
  };
}

function directorOf(data: string): Signer {
  const privateKey = createPrivateKey(readFileSync(join(trustFolder(data), 'director-key.pem')));
  return { privateKey, publicKey: publicKeyOf('director', privateKey) };
}

/** Any site may fetch anything. */
function withoutScruples(store: Store): Store {
  return { ...store, releases: { ...store.releases, isNamedFor: () => true } };
}

function lying(content: ContentStore, lies: ReadonlyMap<string, Uint8Array>): ContentStore {
  return { ...content, get: async (digest) => lies.get(digest) ?? (await content.get(digest)) };
}
