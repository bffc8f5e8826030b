// The one site of `npm start`: keys, a release built, signed and published, the site created, joined and approved the
// first time and resumed ever after, the release assigned. Each step is skipped when it was done before, so that a
// start that was broken off anywhere goes on from there. The site is asked for by its id: people may rename it at any
// time. Called by start.ts and by system tests.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { restClient } from '../../cli/rest.ts';
import { readServer } from '../../cli/server.ts';
import { readIfPresent } from '../../daemon/atomic-file.ts';
import type { Clock } from '../../daemon/clock.ts';
import { Told } from '../failure.ts';
import type { Kubernetes } from '../kubernetes/kubernetes-handle.ts';
import type { Fleet } from './fleet.ts';
import { keepSiteId, keptSiteId } from './layout.ts';

const pollIntervalMs = 200;
const answerTimeoutMs = 30_000;
const wordsTimeoutMs = 20_000;

/** What waiting needs. */
interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What the site is called when it is created. */
const firstName = 'demo-hospital';

/** A fleet and the one site of its data folder. */
export interface FleetWithSite<K extends Kubernetes = Kubernetes> extends Fleet<K> {
  readonly siteId: string;
}

/** A release that was built from sources, with the API groups of its objects. */
export interface BuiltRelease {
  readonly release: string;
  readonly digest: string;
  readonly objects: number;
  /** Build output. */
  readonly folder: string;
  readonly groups: readonly string[];
}

/** What is read of `trectl site show -o json`; the whole shape is in the OpenAPI document. */
export interface SiteFacts {
  /** Of now. */
  readonly name: string;
  readonly joined: boolean;
  readonly waiting: readonly { readonly fingerprint: string }[];
  readonly desired: {
    readonly generation: number;
    readonly release: { readonly name: string; readonly version: string; readonly digest: string };
  } | null;
  readonly refused: {
    readonly code: string;
    readonly generation: number;
    readonly text: string;
    readonly next: string;
  } | null;
  readonly state: {
    readonly generation: number;
    readonly applied: boolean;
    readonly healthy: boolean;
    readonly drifted: boolean;
    readonly objectsWanted: number;
    readonly objectsApplied: number;
    readonly conditions: readonly {
      readonly code: string;
      readonly severity: string;
      readonly count: number;
      readonly text: string;
    }[];
    readonly isolation: {
      readonly networkPolicy: 'enforced' | 'not-enforced' | 'unproven';
      readonly checkedAt: string | null;
    } | null;
  } | null;
  readonly verdict: { readonly word: string; readonly isNews: boolean; readonly text: string };
  readonly unhealthy: readonly {
    readonly reason: string;
    readonly text: string;
    readonly next: string;
    readonly object: {
      readonly kind: string;
      readonly namespace: string | null;
      readonly name: string;
    } | null;
  }[];
}

/** The author's key and keyset. */
export async function ensureKeys({ layout, commands }: Fleet<Kubernetes>): Promise<void> {
  const keyset = join(layout.author, 'keyset.json');
  if ((await readIfPresent(keyset)) !== undefined) return;
  // Half a pair of key files is left over from a start that was broken off before anything was signed with them.
  await Promise.all(
    ['author.key', 'author.pub'].map((file) => rm(join(layout.author, file), { force: true })),
  );
  await commands.trectl('key', 'new', 'author', '--out', layout.author);
  await commands.trectl('key', 'set', join(layout.author, 'author.pub'), '--threshold', '1', '--out', keyset);
}

/** Builds a release from its sources, signs and publishes it; publishing it again changes nothing. */
export async function publishRelease(
  { layout, commands, kubernetes }: Fleet<Kubernetes>,
  source: string,
  signal: AbortSignal,
): Promise<BuiltRelease> {
  const folder = join(layout.releases, 'latest');
  const built = JSON.parse(
    await commands.trectl('release', 'build', source, '--out', folder, '-o', 'json'),
  ) as BuiltRelease;
  await commands.trectl('release', 'sign', folder, '--key', join(layout.author, 'author.key'));
  await commands.trectl('release', 'publish', folder);
  const manifest = JSON.parse(await readFile(join(folder, 'release.json'), 'utf8')) as {
    readonly objects: readonly { readonly group: string }[];
  };
  const groups = [...new Set(manifest.objects.map((object) => object.group))];
  // The agent may only touch API groups that somebody granted; here that somebody is us.
  await kubernetes.grantAgent(groups, signal);
  return { ...built, groups };
}

/** What is read of `trectl site list -o json`. */
interface ListedSite {
  readonly id: string;
  readonly name: string;
  readonly joined: boolean;
  readonly revokedAt: string | null;
}

/** Creates the site and starts its agent; the first time it joins, and the operator compares the words and approves. */
export async function joinSite<K extends Kubernetes>(
  fleet: Fleet<K>,
  clock: Clock,
  signal: AbortSignal,
): Promise<FleetWithSite<K>> {
  const { layout, commands, agent } = fleet;
  const { id, joined } = await ownSite(fleet);
  const keyset = join(layout.author, 'keyset.json');
  if (!joined) await commands.trectl('site', 'join-file', id, '--keyset', keyset, '--out', layout.joinFile);
  await agent.start(signal);
  const withSite = { ...fleet, siteId: id };
  if (joined) return withSite;
  const { waiting } = await waitForSite(withSite, { clock, signal }, (facts) => facts.waiting.length > 0);
  const { fingerprint } = waiting[0] ?? { fingerprint: '' };
  const words = await shownWords(fleet, { clock, signal });
  if (words !== fingerprint) throw new Error(`the site shows ${words}, the control plane ${fingerprint}`);
  await commands.trectl('site', 'approve', id, '--fingerprint', fingerprint);
  return withSite;
}

/** The site of this data folder, created when there was none yet. Throws in words when an operator took it away. */
async function ownSite({ layout, commands }: Fleet<Kubernetes>): Promise<ListedSite> {
  const sites = (await commands.trectlJson('site', 'list')) as readonly ListedSite[];
  const keptId = await keptSiteId(layout);
  // A start that was broken off before it could keep the id has left a site of this name.
  const found = sites.find(({ id, name }) => (keptId === undefined ? name === firstName : id === keptId));
  if (found === undefined && keptId !== undefined) throw new Told(deletedText(layout.root));
  if ((found?.revokedAt ?? null) !== null) throw new Told(withdrawnText(found?.name ?? '', layout.root));
  const site = found ?? ((await commands.trectlJson('site', 'create', firstName)) as ListedSite);
  await keepSiteId(layout, site.id);
  return site;
}

/** What is to be said when an operator deleted the site, at the next start and while it runs. */
export function deletedText(dataDir: string): string {
  return `The control plane does not know the site of ${dataDir} any more: it was deleted. ${anewText(dataDir)}`;
}

function withdrawnText(name: string, dataDir: string): string {
  return `SITE_REVOKED: The identity of ${name} was withdrawn. ${anewText(dataDir)}`;
}

/** A machine belongs to one site for ever. */
function anewText(dataDir: string): string {
  return `Nobody can steer what was applied here any more. For a new site, name an empty folder (\`npm start -- --data DIR\`), or delete ${dataDir} and start again.`;
}

/** The six words as the site shows them, which it does as soon as the answer to its request has arrived. */
async function shownWords({ commands }: Fleet<Kubernetes>, { clock, signal }: Waiting): Promise<string> {
  const deadline = clock.monotonic() + wordsTimeoutMs;
  for (;;) {
    const { fingerprint } = (await commands.agentStatus()) as { readonly fingerprint: string | null };
    if (fingerprint !== null) return fingerprint;
    if (clock.monotonic() > deadline) throw new Error('the site shows no words to compare');
    await clock.sleep(pollIntervalMs, signal);
  }
}

/** Assigns a release unless the site has it already; answers the generation that shall be applied. */
export async function assignRelease(fleet: FleetWithSite, release: BuiltRelease): Promise<number> {
  const before = await showSite(fleet);
  if (before.desired?.release.digest === release.digest) return before.desired.generation;
  await fleet.commands.trectl('site', 'assign', fleet.siteId, release.release, '--why', 'npm start');
  return (await showSite(fleet)).desired?.generation ?? 0;
}

/** The site as the operator sees it; asked of the server itself, for a command a look would keep a processor busy. */
export async function showSite({ layout, siteId }: FleetWithSite): Promise<SiteFacts> {
  const login = join(layout.operator, 'tre', 'login.json');
  using client = restClient(readServer(login, await readFile(login)), AbortSignal.timeout(answerTimeoutMs));
  return await client.call('GET', `/v1/sites/${siteId}`);
}

/** Looks at the site until the condition holds. Throws when it does not within `timeoutMs`. */
export async function waitForSite(
  fleet: FleetWithSite,
  {
    clock,
    signal,
    timeoutMs = 120_000,
  }: { readonly clock: Clock; readonly signal: AbortSignal; readonly timeoutMs?: number },
  condition: (facts: SiteFacts) => boolean,
): Promise<SiteFacts> {
  const deadline = clock.monotonic() + timeoutMs;
  for (;;) {
    const facts = await showSite(fleet);
    if (condition(facts)) return facts;
    if (clock.monotonic() > deadline)
      throw new Error(
        `the site did not get there in ${timeoutMs / 1000} s: ${JSON.stringify(facts.state?.conditions ?? facts.waiting)}`,
      );
    await clock.sleep(pollIntervalMs, signal);
  }
}
