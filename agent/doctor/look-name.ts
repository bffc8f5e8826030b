// Name resolution of the control plane: asked as the agent asks (getaddrinfo), and when that fails each name server by
// itself, so that the answer says which of them does what. An answer that leads to this machine itself is a filter's,
// unless the control plane shows itself there. Called by examine.ts.
import { promises as dns, getServers } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { systemCode } from '../../daemon/errors.ts';
import { type Finding, finding } from './findings.ts';
import { fine, hop, type Tools, wrong } from './hop.ts';
import { judge } from './look-tls.ts';
import { shakeHands } from './reach.ts';
import { isThisMachine, nameServerLine, type Target, targetOf } from './target.ts';

export const lookAtName = hop('name', ['site'], async ({ site }, tools) => {
  const target = targetOf(site.address);
  const { host } = target;
  if (isIP(host) !== 0) return fine(`${host} is an address`, { addresses: [host] });
  const addresses = await resolved(host, tools);
  if (addresses === undefined) return wrong(await nameFinding(host, tools));
  const facts = `${host} is ${addresses.join(', ')}`;
  const leadsNowhere = !isLocalName(host) && addresses.every(isThisMachine);
  if (leadsNowhere && !(await isControlPlane(target, { addresses, site, tools })))
    return wrong(finding('NAME_WRONG_ADDRESS', facts), { addresses });
  return fine(facts, { addresses });
});

/** Addresses of a name, as every program of this machine gets them; undefined when there are none in time. */
export async function resolved(
  host: string,
  { clock, timeoutMs }: Pick<Tools, 'clock' | 'timeoutMs'>,
): Promise<readonly string[] | undefined> {
  if (isIP(host) !== 0) return [host];
  const done = new AbortController();
  // The second name server may answer when the first one is given up.
  const late = clock.sleep(2 * timeoutMs, done.signal).catch(() => undefined);
  const found = dns.lookup(host, { all: true, order: 'verbatim' }).then(
    (answers) => [...new Set(answers.map(({ address }) => address))],
    () => undefined,
  );
  return Promise.race([found, late.then(() => undefined)]).finally(() => done.abort());
}

/** Asks each name server for itself. */
async function nameFinding(host: string, tools: Tools): Promise<Finding> {
  const near = getServers();
  const far = await behind(near);
  const servers = [...near, ...far];
  const all = await Promise.all(servers.map((server) => askServer(server, host, tools.timeoutMs)));
  const answers = far.length === 0 ? all : all.slice(near.length);
  const detail = `${host}: ${servers.map((server, index) => `${server} ${words[all[index] ?? 'silent']}`).join(', ')}`;
  if (answers.includes('unknown')) return finding('NAME_UNKNOWN', detail);
  if (answers.includes('failing')) return finding('NAME_SERVER_FAILS', detail);
  if (answers.includes('known'))
    return finding('NAME_SERVER_FAILS', `${detail}, but the resolver of this machine gave no answer in time`);
  return finding('NAME_SERVER_SILENT', detail, await nameServerLine(far.length === 0 ? near : far));
}

/** Those to whom a resolver on this very machine passes questions on, as systemd-resolved writes them down. */
async function behind(servers: readonly string[]): Promise<readonly string[]> {
  if (!servers.every(isThisMachine)) return [];
  const text = await readFile('/run/systemd/resolve/resolv.conf', 'utf8').catch(() => '');
  const named = [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, address = '']) => address);
  return named.filter((address) => !servers.includes(address));
}

type ServerAnswer = 'known' | 'unknown' | 'failing' | 'silent';

const words: Readonly<Record<ServerAnswer, string>> = {
  known: 'knows it',
  unknown: 'says that there is no such name',
  failing: 'fails or refuses',
  silent: 'does not answer',
};

async function askServer(server: string, host: string, timeoutMs: number): Promise<ServerAnswer> {
  const resolver = new dns.Resolver({ timeout: timeoutMs, tries: 1 });
  try {
    resolver.setServers([server]);
    await resolver.resolve4(host);
    return 'known';
  } catch (error) {
    return serverAnswers[systemCode(error) ?? ''] ?? 'silent';
  }
}

const serverAnswers: Readonly<Record<string, ServerAnswer>> = {
  ENOTFOUND: 'unknown',
  ENODATA: 'unknown',
  ESERVFAIL: 'failing',
  EREFUSED: 'failing',
  EFORMERR: 'failing',
  ENOTIMP: 'failing',
  EBADRESP: 'failing',
};

function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

interface Suspicion {
  readonly addresses: readonly string[];
  readonly site: { readonly ca: Uint8Array | null; readonly caDigest: string };
  readonly tools: Tools;
}

/** A control plane on this very machine, by a name of its own, is rare but right. */
async function isControlPlane(
  { host, port }: Target,
  { addresses: [address = ''], site, tools }: Suspicion,
): Promise<boolean> {
  const shaken = await shakeHands({ address, port, host, ca: null, timeoutMs: tools.timeoutMs });
  return shaken.kind === 'done' && judge(shaken.chain, site) !== undefined;
}
