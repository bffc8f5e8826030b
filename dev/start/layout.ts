// Where `npm start` keeps things below its data folder, and what it keeps in start.json: ports and the id of the site.
// Invariants: a port is chosen once and kept, so that a site still finds its control plane after a restart; the site is
// known by its id, for people may rename it.
// Used by everything under dev/start and by system tests.
import { join } from 'node:path';
import { ensurePrivateDir, readIfPresent, writeFileAtomic } from '../../daemon/atomic-file.ts';
import { freePort } from '../kubernetes/ports.ts';

/** Folders and files of one data folder. */
export interface Layout {
  readonly root: string;
  readonly kubernetes: string;
  readonly controlPlane: string;
  readonly agent: string;
  readonly agentSocket: string;
  /** The release author's keys and keyset; in real life on another machine than the control plane. */
  readonly author: string;
  readonly releases: string;
  /** XDG_CONFIG_HOME of the operator's trectl. */
  readonly operator: string;
  readonly operatorToken: string;
  readonly joinFile: string;
  readonly logs: string;
  readonly settings: string;
  /** Locked by whoever runs here. */
  readonly lock: string;
}

/** Chosen once, kept in start.json. */
export interface Ports {
  readonly agents: number;
  readonly people: number;
}

/** start.json. The site joins the ports as soon as it was created. */
interface Settings extends Ports {
  readonly siteId?: string;
}

export function layoutOf(dataDir: string): Layout {
  const at = (...parts: string[]): string => join(dataDir, ...parts);
  return {
    root: dataDir,
    kubernetes: at('kubernetes'),
    controlPlane: at('control-plane'),
    agent: at('agent'),
    agentSocket: at('agent.sock'),
    author: at('author'),
    releases: at('releases'),
    operator: at('operator'),
    operatorToken: at('operator', 'first.token'),
    joinFile: at('join.json'),
    logs: at('logs'),
    settings: at('start.json'),
    lock: at('lock'),
  };
}

/** Makes the folders; every one of them is private to this user. Throws DaemonError. */
export async function makeFolders(layout: Layout): Promise<void> {
  for (const folder of [
    layout.root,
    layout.agent,
    layout.author,
    layout.releases,
    layout.operator,
    layout.logs,
  ]) {
    await ensurePrivateDir(folder);
  }
}

/** The kept ports, or free ones that are kept from now on. */
export async function choosePorts(layout: Layout): Promise<Ports> {
  const kept = await readJson<Settings>(layout.settings);
  if (kept !== undefined) return { agents: kept.agents, people: kept.people };
  const agents = await freePort();
  const ports = { agents, people: await freePort([agents]) };
  await writeSettings(layout, ports);
  return ports;
}

/** Id of the site of this data folder; undefined until one was created. Folders from before it was kept have it in their join file. */
export async function keptSiteId(layout: Layout): Promise<string | undefined> {
  const kept = await readJson<Settings>(layout.settings);
  return kept?.siteId ?? (await readJson<{ readonly siteId: string }>(layout.joinFile))?.siteId;
}

/** Keeps it beside the ports. */
export async function keepSiteId(layout: Layout, siteId: string): Promise<void> {
  await writeSettings(layout, { ...(await choosePorts(layout)), siteId });
}

async function writeSettings({ settings }: Layout, content: Settings): Promise<void> {
  await writeFileAtomic(settings, `${JSON.stringify(content)}\n`);
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const bytes = await readIfPresent(path);
  return bytes === undefined ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as T);
}
