// One hop of an examination: a small check with a name, what it needs to have been learned before, and what it finds.
// Hops know each other only by the chart: what one learned, the next may need. Called by examine.ts.
import type { Clock } from '../../daemon/clock.ts';
import type { Environment } from '../../daemon/config.ts';
import type { ClusterAccess } from '../cluster/kubeconfig.ts';
import type { Settings } from '../config.ts';
import type { Site } from '../store/site.ts';
import type { Finding } from './findings.ts';
import type { Reached } from './reach.ts';

/** In the order in which they are shown: from this machine outwards, then inwards. */
export const hopNames = [
  'settings',
  'data',
  'machine',
  'site',
  'clock',
  'name',
  'proxy',
  'connection',
  'tls',
  'control plane',
  'kubeconfig',
  'api server',
  'nodes',
  'agent',
] as const;

export type HopName = (typeof hopNames)[number];

/** Key and certificate of this site, PEM in one text as the file has them. Times are ms UTC. */
export interface LeafFacts {
  readonly pem: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** What is known so far; each value is put in by one hop. */
export interface Chart {
  readonly settings: Settings;
  readonly folder: string;
  readonly site: Site;
  /** Null before the operator has approved this machine. */
  readonly leaf: LeafFacts | null;
  /** IP addresses of the control plane. */
  readonly addresses: readonly string[];
  /** What became of a direct connection to each of them. */
  readonly direct: readonly Reached[];
  /** The address that took a connection, and ours. */
  readonly reached: Extract<Reached, { kind: 'connected' }>;
  /** The CA of the control plane, PEM, seen or pinned. */
  readonly ca: string;
  readonly access: ClusterAccess;
  readonly nodesReadable: true;
}

/** Who learns what: the hop that a value waits for. */
export const learnedBy: Readonly<Record<keyof Chart, HopName>> = {
  settings: 'settings',
  folder: 'data',
  site: 'site',
  leaf: 'site',
  addresses: 'name',
  direct: 'proxy',
  reached: 'connection',
  ca: 'tls',
  access: 'kubeconfig',
  nodesReadable: 'api server',
};

/** What every hop may use. */
export interface Tools {
  readonly clock: Clock;
  readonly environment: Environment;
  /** As commander has them; `loadSettings` reads its own. */
  readonly flags: Readonly<Record<string, string>>;
  /** For one question to somebody else. */
  readonly timeoutMs: number;
  /** How long a good connection is watched. */
  readonly keepOpenMs: number;
  readonly signal: AbortSignal;
}

export interface Look {
  /** What was seen, in one line. */
  readonly facts: string;
  readonly findings: readonly Finding[];
  readonly learned?: Partial<Chart>;
}

export interface Hop {
  readonly name: HopName;
  readonly needs: readonly (keyof Chart)[];
  readonly look: (chart: Partial<Chart>, tools: Tools) => Promise<Look>;
}

/** A hop whose `look` is only called when the chart has all that it needs. */
export function hop<Need extends keyof Chart>(
  name: HopName,
  needs: readonly Need[],
  look: (chart: Pick<Chart, Need> & Partial<Chart>, tools: Tools) => Promise<Look>,
): Hop {
  // examine.ts calls it with a chart that holds every value of `needs`.
  return { name, needs, look: look as Hop['look'] };
}

/** A hop where all is well. */
export function fine(facts: string, learned: Partial<Chart> = {}): Look {
  return { facts, findings: [], learned };
}

/** A hop with one thing to say. */
export function wrong(found: Finding, learned: Partial<Chart> = {}): Look {
  return { facts: found.detail, findings: [found], learned };
}
