// Builds a running control plane out of its rooms: store, trust, the agents' listener, the REST API, housekeeping.
// Everything that opens is handed to the lifecycle, which closes it in reverse order. Called by main.ts.
import { join } from 'node:path';
import { ensurePrivateDir, writeFileAtomic } from '../daemon/atomic-file.ts';
import { systemClock } from '../daemon/clock.ts';
import { contentFiles } from '../daemon/content-files.ts';
import type { Lifecycle } from '../daemon/lifecycle.ts';
import type { Log } from '../daemon/log.ts';
import { systemRandom } from '../daemon/random.ts';
import { lockFolder } from '../daemon/sqlite.ts';
import { noAlerts, startAlerts } from './alert/alerts.ts';
import { openAlertTarget } from './alert/target.ts';
import type { AlertFigures } from './api/deps.ts';
import { type ApiMetrics, createApiMetrics } from './api/metrics.ts';
import { openApi } from './api/server.ts';
import { hostAndPort, listenAddress, type Settings } from './config.ts';
import { contentService } from './sync/content-service.ts';
import { enrolmentService } from './sync/enrolment-service.ts';
import { createHub, type Hub } from './sync/hub.ts';
import { type AgentListener, openAgentListener } from './sync/listener.ts';
import { storedOffers } from './sync/offers.ts';
import { syncService } from './sync/sync-service.ts';
import { startHousekeeping } from './tasks/housekeeping.ts';
import { startStockTaking } from './tasks/stock-taking.ts';
import { openAuthority, type ServerIdentity } from './trust/authority.ts';
import { openDirector } from './trust/director.ts';
import { createEnrolment } from './trust/enrolment.ts';
import { demandInitialised, openInitialised, trustFolder } from './trust/initialise.ts';

/** What a person or a script needs to find it; kept in run/addresses.json of the data folder. */
export interface Addresses {
  /** `host:port` for agents. */
  readonly agents: string;
  /** URL for people. */
  readonly api: string;
}

const syncSettings = { heartbeatMs: 30_000, maxStreamMs: 15 * 60_000 };
const reconnectWithinMs = 5_000;

interface RunOptions {
  readonly settings: Settings;
  readonly version: string;
  readonly log: Log;
}

type Foundation = Awaited<ReturnType<typeof openFoundation>>;

/** Starts everything. Throws TreError NOT_INITIALISED and DaemonError. */
export async function runControlPlane(lifecycle: Lifecycle, options: RunOptions): Promise<Addresses> {
  const { settings } = options;
  const target = await openAlertTarget(settings);
  const foundation = await openFoundation(lifecycle, options);
  const { authority, random } = foundation;
  const host = listenAddress(settings);
  const hosts = [settings.host];
  const identity = await authority.issueServerIdentity(hosts);
  const metrics = createApiMetrics();
  const hub = createHub(foundation.clock, foundation.log);
  const agents = await openAgents(foundation, { settings, identity, hub, metrics });
  lifecycle.add('agents listener', agents);
  const retire = () => hub.retireAll(() => Math.round(random.next() * reconnectWithinMs));
  lifecycle.add('streams', { [Symbol.dispose]: retire });
  const alerts: AlertFigures =
    target === undefined
      ? noAlerts
      : lifecycle.add('alerts', startAlerts({ ...foundation, target, onOutcome: metrics.alert }));
  const agentAddress = hostAndPort(settings.host, agents.port);
  const api = await openApi(
    { ...foundation, signals: hub, agentAddress, alerts },
    { host, port: settings.httpPort, identity, metrics },
  );
  lifecycle.add('api', api);
  const use = (renewed: ServerIdentity) => [agents, api].forEach((server) => server.setIdentity(renewed));
  lifecycle.add('housekeeping', startHousekeeping({ ...foundation, hosts, identity, use }));
  lifecycle.add('stock-taking', startStockTaking(foundation));
  const addresses = { agents: agentAddress, api: `https://${hostAndPort(settings.host, api.port)}` };
  await writeAddresses(settings.data, addresses);
  return addresses;
}

/** Lock, database, keys and content of the data folder. */
async function openFoundation(lifecycle: Lifecycle, { settings, version, log }: RunOptions) {
  const { data } = settings;
  const clock = systemClock;
  await demandInitialised(data);
  lifecycle.add('lock', lockFolder(data));
  const store = lifecycle.add('store', await openInitialised(data));
  const domain = store.settings.get('domain') ?? '';
  const authority = await openAuthority(trustFolder(data), { clock, domain });
  const director = await openDirector(trustFolder(data));
  const content = contentFiles(join(data, 'content'));
  await content.dropUnfinished();
  return {
    store,
    authority,
    director,
    content,
    clock,
    random: systemRandom(clock),
    log,
    version,
    caDigest: authority.caDigest,
  };
}

function openAgents(
  foundation: Foundation,
  options: { settings: Settings; identity: ServerIdentity; hub: Hub; metrics: ApiMetrics },
): Promise<AgentListener> {
  const { store, content, authority, clock, random, log } = foundation;
  const { settings, identity, hub, metrics } = options;
  const offers = storedOffers({ store, clock });
  const services = {
    enrolment: enrolmentService(createEnrolment(foundation), log),
    sync: syncService({
      store,
      offers,
      hub,
      clock,
      random,
      log,
      settings: syncSettings,
      onRows: metrics.reportRows,
    }),
    content: contentService({ store, content, clock, log }),
  };
  return openAgentListener({
    host: listenAddress(settings),
    port: settings.grpcPort,
    identity,
    caPem: authority.caPem,
    maxConnections: settings.maxConnections,
    services,
    log,
  });
}

async function writeAddresses(data: string, addresses: Addresses): Promise<void> {
  const folder = await ensurePrivateDir(join(data, 'run'));
  await writeFileAtomic(join(folder, 'addresses.json'), `${JSON.stringify(addresses, undefined, 2)}\n`);
}
