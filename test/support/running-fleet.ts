// A whole TRE Fleet for a system test: Kubernetes, control plane and agent as processes of their own, one site that
// joined, and what a test asks it to do, as a person would: publish, assign, look. Invariant: everything started
// here ends with the test, and its folder goes. Called by the system tests.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { ExecutionContext } from 'ava';
import { type RestClient, restClient, type Server } from '../../cli/rest.ts';
import { systemClock } from '../../daemon/clock.ts';
import { systemExec } from '../../daemon/exec.ts';
import type { LocalKubernetes, WantedNode } from '../../dev/kubernetes/kubernetes-handle.ts';
import { startKubernetes } from '../../dev/kubernetes/start-kubernetes.ts';
import { type Fleet, openFleet } from '../../dev/start/fleet.ts';
import { createProgress } from '../../dev/start/progress.ts';
import {
  ensureKeys,
  type FleetWithSite,
  joinSite,
  publishRelease,
  type SiteFacts,
} from '../../dev/start/site.ts';
import { parseRelease, type ReleaseObject } from '../../proto/document.ts';
import type { JsonValue } from '../../proto/strict-json.ts';
import { blobPath } from '../../release/pack.ts';
import { type AuditLog, auditLogOf } from './audit-log.ts';
import { eventually } from './eventually.ts';
import { type LiveObjects, liveObjects } from './live-objects.ts';

/** One object of a published release and what it asks for. */
export interface AskedObject extends ReleaseObject {
  readonly asked: JsonValue;
}

export interface PublishedRelease {
  /** name@version */
  readonly release: string;
  readonly objects: readonly AskedObject[];
}

/** `trectl site show` with the parts that start.ts has no use for. */
export interface SiteDetail extends SiteFacts {
  readonly contact: { readonly connected: boolean };
  readonly objects: readonly {
    readonly code: string;
    readonly object: {
      readonly kind: string;
      readonly namespace: string | null;
      readonly name: string;
    } | null;
  }[];
}

export interface RunningFleet extends FleetWithSite<LocalKubernetes> {
  readonly signal: AbortSignal;
  readonly live: LiveObjects;
  /** What the agent changes in Kubernetes. */
  readonly changes: AuditLog;
  /** Builds, signs and publishes a release source. */
  publish(source: string): Promise<PublishedRelease>;
  /** Issues the next generation; answers its number. */
  assign(release: string): Promise<number>;
  /** As the operator sees the site. */
  site(): Promise<SiteDetail>;
  /** Looks at the site until it is as asked. Throws after `timeoutMs`, 60 s when not given. */
  until(condition: (facts: SiteDetail) => boolean, timeoutMs?: number): Promise<SiteDetail>;
  /** Until this generation is applied. */
  applied(generation: number, timeoutMs?: number): Promise<SiteDetail>;
}

const pollIntervalMs = 100;

/**
 * The site is joined and has nothing assigned. `environment` adds settings to those of this process; pods run where
 * `node` asks for a real one.
 */
export async function runningFleet(
  t: ExecutionContext,
  environment: Readonly<Record<string, string>> = {},
  node: WantedNode = 'simulated',
): Promise<RunningFleet> {
  const folder = await mkdtemp(join(tmpdir(), 'tre-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const stopping = new AbortController();
  const { signal } = stopping;
  const progress = createProgress(systemClock, (text) => t.log(text.trimEnd()));
  const exec = systemExec({ ...process.env, ...environment });
  const fleet = await openFleet({
    dataDir: folder,
    signal,
    exec,
    clock: systemClock,
    progress,
    openKubernetes: (options) => startKubernetes({ ...options, node }),
  });
  t.teardown(async () => {
    await fleet[Symbol.asyncDispose]();
    stopping.abort();
  });
  await ensureKeys(fleet);
  const withSite = await joinSite(fleet, systemClock, signal);
  const operator = restClient(await loginOf(fleet), signal);
  t.teardown(() => operator[Symbol.dispose]());
  return { ...withSite, signal, ...operations(withSite, operator, signal) };
}

async function loginOf({ layout }: Fleet): Promise<Server> {
  return JSON.parse(await readFile(join(layout.operator, 'tre', 'login.json'), 'utf8')) as Server;
}

function operations(
  fleet: FleetWithSite<LocalKubernetes>,
  operator: RestClient,
  signal: AbortSignal,
): Omit<RunningFleet, keyof FleetWithSite | 'signal'> {
  const { kubernetes, siteId } = fleet;
  const site = (): Promise<SiteDetail> => operator.call('GET', `/v1/sites/${siteId}`);
  const until = async (
    condition: (facts: SiteDetail) => boolean,
    timeoutMs = 60_000,
  ): Promise<SiteDetail> => {
    let facts = await site();
    const isMet = async (): Promise<boolean> => {
      facts = await site();
      return condition(facts);
    };
    const what = (): string => JSON.stringify({ ...facts.state, refused: facts.refused });
    await eventually(isMet, { what, timeoutMs, intervalMs: pollIntervalMs });
    return facts;
  };
  return {
    live: liveObjects(kubernetes.admin),
    changes: auditLogOf(kubernetes.auditLogFile, 'tre-agent'),
    site,
    until,
    publish: async (source) => {
      const { release, folder } = await publishRelease(fleet, source, signal);
      return { release, objects: await askedObjects(folder) };
    },
    assign: async (release) => {
      await fleet.commands.trectl('site', 'assign', siteId, release, '--why', 'test');
      return (await site()).desired?.generation ?? 0;
    },
    applied: (generation, timeoutMs) =>
      until(({ state }) => state?.generation === generation && state.applied, timeoutMs),
  };
}

async function askedObjects(folder: string): Promise<readonly AskedObject[]> {
  const { objects } = parseRelease(await readFile(join(folder, 'release.json')));
  return await Promise.all(
    objects.map(async (object) => {
      return {
        ...object,
        asked: JSON.parse(await readFile(blobPath(folder, object.digest), 'utf8')) as JsonValue,
      };
    }),
  );
}
