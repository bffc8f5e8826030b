// A control plane that signs with the right director key and offers what it may not: the site refuses each offer with
// its code, shown at both ends, touches nothing, repairs drift as ever, and accepts the next good document.
// One real Kubernetes, one real agent process, and the real rooms of a control plane in wrong hands.
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../daemon/clock.ts';
import type { Desired, Release } from '../../proto/document.ts';
import {
  encodeEnvelope,
  encodeSignatures,
  keyIdOf,
  payloadTypes,
  signPayload,
} from '../../proto/envelope.ts';
import { type ErrorCode, errors } from '../../proto/errors.ts';
import type { ParameterValue } from '../../proto/parameter.ts';
import type { JsonObject } from '../../proto/strict-json.ts';
import { type AgentProcess, agentProcess, writeJoinFile } from '../support/agent-process.ts';
import { type AuditLog, auditLogOf } from '../support/audit-log.ts';
import { publishRelease } from '../support/control-plane.ts';
import {
  bytesOf,
  configMapObject,
  keysetOf,
  type MadeRelease,
  makeDocument,
  makeRelease,
  newSigner,
  parameter,
  signaturesOf,
} from '../support/documents.ts';
import { type HostileControlPlane, startHostileControlPlane } from '../support/hostile-control-plane.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';

const kubernetes = sharedKubernetes();

const alice = newSigner('alice');
const bob = newSigner('bob');
const carol = newSigner('carol');
const stranger = newSigner('stranger');

// What the site runs, and what must never run there

const settings = '/api/v1/namespaces/demo/configmaps/settings';
const intruder = '/api/v1/namespaces/demo/configmaps/intruder';

const parameters = [
  parameter('motto', {
    default: 'quiet',
    pattern: '[a-z]+',
    maxLength: 10,
    places: [{ object: 1, pointer: '/data/motto' }],
  }),
  parameter('port', {
    type: 'integer',
    default: 80,
    minimum: 1,
    maximum: 1024,
    places: [{ object: 2, pointer: '/spec/ports/0/port' }],
  }),
];

function releaseOf(
  version: string,
  more: readonly JsonObject[] = [],
  changes: Partial<Release> = {},
): MadeRelease {
  const portal = { name: 'portal', namespace: 'demo' };
  const objects: readonly JsonObject[] = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } },
    configMapObject('settings', { motto: 'quiet', release: version }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: portal,
      spec: { clusterIP: 'None', ports: [{ port: 80 }] },
    },
    ...more,
  ];
  return makeRelease(objects, { version, parameters, ...changes });
}

const good = releaseOf('1.0.0');
const better = releaseOf('1.1.0');
let versions = 0;

/** A release that nobody published, with an object that shows when it was let in. */
function evil(changes: Partial<Release> = {}): MadeRelease {
  versions += 1;
  return releaseOf(`6.6.${versions}`, [configMapObject('intruder')], changes);
}

interface Site {
  readonly plane: HostileControlPlane;
  readonly agent: AgentProcess;
  readonly id: string;
  readonly clusterUid: string;
  readonly held: { readonly generation: number; readonly digest: string };
  readonly changes: AuditLog;
}

interface Coded {
  readonly code: ErrorCode;
  readonly text: string;
  readonly next: string;
  readonly generation: number;
}

/** What is looked at of `GET /v1/sites/:site`. */
interface SiteAnswer {
  readonly waiting: readonly { readonly fingerprint: string }[];
  readonly contact: { readonly connected: boolean; readonly clusterUid: string | null };
  readonly held: { readonly generation: number; readonly digest: string } | null;
  readonly refused: Coded | null;
  readonly refusals: readonly (Coded & { readonly at: string })[];
  readonly state: {
    readonly generation: number;
    readonly applied: boolean;
    readonly conditions: readonly { readonly code: string }[];
  } | null;
}

const opened = new AsyncDisposableStack();
let running: Site | undefined;

test.after.always('the site and its control plane stop', () => opened.disposeAsync());

function site(): Site {
  if (running === undefined) throw new Error('the site does not run');
  return running;
}

async function view({ plane }: Pick<Site, 'plane'>): Promise<SiteAnswer> {
  return (await plane.rest<SiteAnswer>('GET', '/v1/sites/leeds')).body;
}

async function until<T>(look: () => Promise<T>, good: (seen: T) => boolean, timeoutMs = 10_000): Promise<T> {
  const deadline = systemClock.monotonic() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (good(seen)) return seen;
    if (systemClock.monotonic() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${JSON.stringify(seen)}`);
    await systemClock.sleep(20);
  }
}

async function assign({ plane }: Pick<Site, 'plane'>, release: MadeRelease): Promise<void> {
  const { status, body } = await plane.rest('PUT', '/v1/sites/leeds/desired', { release: release.digest });
  if (status !== 200) throw new Error(body.detail);
}

test.serial('a site runs what two of the three keys of its keyset signed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tre-hostile-'));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const plane = opened.use(await startHostileControlPlane(ensured(join(folder, 'control-plane'))));
  const { id } = (await plane.rest<{ id: string }>('POST', '/v1/sites', { name: 'leeds' })).body;
  const joinFile = join(folder, 'join.json');
  await writeJoinFile(joinFile, plane, { site: 'leeds', keyset: keysetOf(2, alice, bob, carol) });
  const { agentKubeconfig, auditLogFile } = kubernetes();
  const flags = ['--observe-interval', '5s'];
  const agent = opened.use(
    agentProcess({ folder: ensured(join(folder, 'agent')), joinFile, kubeconfig: agentKubeconfig, flags }),
  );
  await agent.start();
  const [machine] = (
    await until(
      () => view({ plane }),
      ({ waiting }) => waiting.length > 0,
    )
  ).waiting;
  await plane.rest('POST', '/v1/sites/leeds/approve', machine);
  await until(
    () => view({ plane }),
    ({ contact }) => contact.clusterUid !== null,
  );

  await publishRelease(plane, good, signaturesOf(good.manifest, alice, bob));
  // The second document, so that there is a lower generation.
  for (const generation of [1, 2]) {
    await assign({ plane }, good);
    await until(
      () => view({ plane }),
      ({ state }) => state?.generation === generation && state.applied,
    );
  }
  const { contact, held } = await view({ plane });
  running = {
    plane,
    agent,
    id,
    clusterUid: contact.clusterUid ?? '',
    held: held ?? { generation: 0, digest: '' },
    changes: auditLogOf(auditLogFile, 'tre-agent'),
  };
  t.is(held?.generation, 2);
  t.is((await kubernetes().admin.request({ path: settings })).status, 200);
  await site().changes.mark();
});

function ensured(folder: string): string {
  mkdirSync(folder);
  return folder;
}

// Offers that are refused

interface Offer {
  readonly document: Uint8Array;
  readonly signatures?: Uint8Array;
  /** As the refusal names it; 0 for a document that was not even read. */
  readonly generation: number;
}

/** The next document of the site, which follows from the one that it holds. */
function next(
  made: MadeRelease,
  changes: Partial<Desired> & Record<string, unknown> = {},
  signer = site().plane.director,
) {
  const { id, clusterUid, held } = site();
  const time = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
  const from = { siteId: id, clusterUid, epoch: 2, generation: held.generation + 1, previous: held.digest };
  return makeDocument(signer, made, { ...from, issuedAt: time(0), notAfter: time(1), ...changes });
}

/** A document whose release is signed as the keyset asks; only `changes` is wrong with it. */
async function changed(changes: Partial<Desired> & Record<string, unknown>): Promise<Offer> {
  const made = evil();
  await site().plane.keep(made);
  const { envelope, desired } = next(made, changes);
  return {
    document: envelope,
    signatures: signaturesOf(made.manifest, alice, bob),
    generation: desired.generation,
  };
}

/** The next document for a release with these signatures. */
async function signedBy(sign: (made: MadeRelease) => Uint8Array): Promise<Offer> {
  const made = evil();
  await site().plane.keep(made);
  return { document: next(made).envelope, signatures: sign(made), generation: 3 };
}

/** The next document for a rightly signed release of which the site gets other bytes. */
async function lyingAbout(
  pick: (made: MadeRelease) => readonly [digest: string, bytes: Buffer],
): Promise<Offer> {
  const made = evil();
  await site().plane.keep(made);
  const [digest, bytes] = pick(made);
  site().plane.lies.set(digest, bytes);
  return {
    document: next(made).envelope,
    signatures: signaturesOf(made.manifest, alice, bob),
    generation: 3,
  };
}

/** Any bytes as a document, signed by the right director key. */
function signedText(text: string, payloadType: string = payloadTypes.desired): Offer {
  const payload = Buffer.from(text, 'utf8');
  const signatures = [signPayload(site().plane.director.privateKey, payloadType, payload)];
  return { document: encodeEnvelope({ payloadType, payload, signatures }), generation: 0 };
}

function given(values: Readonly<Record<string, ParameterValue>>): Offer {
  const signatures = signaturesOf(good.manifest, alice, bob);
  return { document: next(good, { parameters: values }).envelope, signatures, generation: 3 };
}

const unread = (offer: Offer): Offer => ({ ...offer, generation: 0 });
const text = (changes: object): string =>
  bytesOf({ ...next(good).desired, ...changes } as unknown as JsonObject).toString('utf8');
const anotherDigest = `sha256:${'7'.repeat(64)}`;

const refuses = test.macro({
  async exec(t, code: ErrorCode, make: () => Offer | Promise<Offer>) {
    const { plane, agent, id } = site();
    const [before] = (await view(site())).refusals;
    const { document, signatures = new Uint8Array(), generation } = await make();
    plane.offer(id, { documents: [document], releaseSignatures: signatures });
    const seen = await until(
      () => view(site()),
      ({ refusals }) => refusals[0]?.at !== before?.at,
    );
    const expected = { code, generation, text: errors[code].text, next: errors[code].next };
    t.like(seen.refusals[0], expected, 'the newest refusal in the books of the control plane');
    t.like(seen.refused, expected);
    t.like((await agent.status()).refusal, expected, 'on site');
  },
  title: (title, code) => `${title}: ${code} at both ends`,
});

const under = 'RELEASE_UNDER_SIGNED';
test.serial('a release without any signature', refuses, under, () => signedBy(() => new Uint8Array()));
test.serial('a release signed by strangers and the director', refuses, under, () =>
  signedBy(({ manifest }) => signaturesOf(manifest, stranger, site().plane.director)),
);
test.serial('a release signed by one key of the two', refuses, under, () =>
  signedBy(({ manifest }) => signaturesOf(manifest, alice)),
);
test.serial('a release signed twice by the same key under two ids', refuses, under, () =>
  signedBy(({ manifest, digest }) => {
    const { sig } = signPayload(alice.privateKey, payloadTypes.release, manifest);
    const signatures = [alice, bob].map(({ publicKey }) => ({ keyid: keyIdOf(publicKey), sig }));
    return encodeSignatures({ payloadType: payloadTypes.release, digest, signatures });
  }),
);
test.serial('a release with the signatures of another one', refuses, under, () =>
  signedBy(({ digest }) => {
    const { manifest } = good;
    const signatures = [alice, bob].map((one) => signPayload(one.privateKey, payloadTypes.release, manifest));
    return encodeSignatures({ payloadType: payloadTypes.release, digest, signatures });
  }),
);

test.serial('a changed manifest under the digest of a signed one', refuses, 'DIGEST_MISMATCH', () =>
  lyingAbout(({ digest }) => [digest, evil().manifest]),
);
test.serial('a changed object of a signed release', refuses, 'DIGEST_MISMATCH', () =>
  lyingAbout(({ release, objects }) => [
    release.objects[1]?.digest ?? '',
    Buffer.from((objects[1] ?? Buffer.alloc(0)).toString('utf8').replace('quiet', 'loud!')),
  ]),
);
test.serial('an object that is longer than the manifest says', refuses, 'DIGEST_MISMATCH', () =>
  lyingAbout(({ release }) => [release.objects[1]?.digest ?? '', Buffer.alloc(900_000, ' ')]),
);
test.serial('a signed release whose content is withheld', refuses, 'CONTENT_MISSING', () => {
  const made = evil();
  return {
    document: next(made).envelope,
    signatures: signaturesOf(made.manifest, alice, bob),
    generation: 3,
  };
});

const value = 'PARAMETER_REFUSED';
test.serial('a text for a number', refuses, value, () => given({ port: '443' }));
test.serial('a number out of its range', refuses, value, () => given({ port: 65_535 }));
test.serial('a text outside its pattern', refuses, value, () => given({ motto: 'a\nb: c' }));
test.serial('a text that is too long', refuses, value, () => given({ motto: 'abcdefghijk' }));
test.serial('an unknown parameter', refuses, 'PARAMETER_UNKNOWN', () => given({ image: 'evil' }));

test.serial("another site's document", refuses, 'SITE_MISMATCH', () => changed({ siteId: randomUUID() }));
test.serial("another cluster's document", refuses, 'CLUSTER_MISMATCH', () =>
  changed({ clusterUid: randomUUID() }),
);
test.serial('a document that follows another one', refuses, 'CHAIN_BROKEN', () =>
  changed({ previous: anotherDigest }),
);
test.serial('a document that follows none', refuses, 'CHAIN_BROKEN', () => changed({ previous: null }));
test.serial('a document that leaves one out', refuses, 'CHAIN_BROKEN', () =>
  changed({ generation: 4, previous: next(good).digest }),
);
test.serial('a lower generation', refuses, 'GENERATION_LOWER', () =>
  changed({ generation: 1, previous: null }),
);
test.serial('the same generation with other content', refuses, 'GENERATION_LOWER', () =>
  changed({ generation: 2 }),
);
test.serial('a lower epoch', refuses, 'EPOCH_LOWER', () => changed({ epoch: 1 }));
test.serial('a document past its last day', refuses, 'DOCUMENT_EXPIRED', () =>
  changed({ notAfter: '2026-01-01T00:00:00Z' }),
);
test.serial('a document that names a signed release wrongly', refuses, 'RELEASE_MISMATCH', async () => {
  const release = { name: 'demo', version: '9.9.9', digest: good.digest };
  return { ...(await changed({ release })), signatures: signaturesOf(good.manifest, alice, bob) };
});

test.serial('a document that needs a newer agent', refuses, 'CAPABILITY_NEWER', async () =>
  unread(await changed({ capability: 99, future: true })),
);
test.serial('a release that needs a newer agent', refuses, 'CAPABILITY_NEWER', async () => {
  const made = evil({ capability: 99 });
  await site().plane.keep(made);
  return {
    document: next(made).envelope,
    signatures: signaturesOf(made.manifest, alice, bob),
    generation: 3,
  };
});

test.serial('bytes that are no envelope', refuses, 'ENVELOPE_INVALID', () => ({
  document: Buffer.from('{"payl'),
  generation: 0,
}));
test.serial('a signed payload of another type', refuses, 'ENVELOPE_INVALID', () =>
  signedText(text({}), payloadTypes.release),
);
test.serial('a document of another director', refuses, 'DIRECTOR_SIGNATURE_INVALID', () => ({
  document: next(good, {}, stranger).envelope,
  generation: 0,
}));
test.serial('a document signed by a release key', refuses, 'DIRECTOR_SIGNATURE_INVALID', () => ({
  document: next(good, {}, alice).envelope,
  generation: 0,
}));
test.serial('a signed document with an unknown field', refuses, 'DOCUMENT_INVALID', () =>
  signedText(text({ extra: true })),
);
test.serial('a signed document with a field that stands twice', refuses, 'DOCUMENT_INVALID', () =>
  signedText(text({}).replace('"siteId"', '"epoch":2,"siteId"')),
);
test.serial('a signed document over its size limit', refuses, 'DOCUMENT_TOO_LARGE', () =>
  signedText(text({ parameters: { motto: 'x'.repeat(70_000) } })),
);

// The site goes on

test.serial('after all refusals nothing was touched and the site holds what it held', async (t) => {
  const { agent, changes, held } = site();
  t.deepEqual(await changes.mutations(), []);
  t.is((await kubernetes().admin.request({ path: intruder })).status, 404);
  const seen = await view(site());
  t.deepEqual(seen.held?.digest, held.digest);
  t.true(seen.contact.connected);
  const status = await agent.printedStatus();
  t.like(status.wanted, { generation: 2, digest: good.digest });
  t.like(status.controlPlane, { state: 'connected', code: null });
  t.like(status.refusal, { code: 'DOCUMENT_TOO_LARGE' });
});

test.serial('drift is repaired as ever, and the refusal is a condition at both ends', async (t) => {
  const { agent, changes } = site();
  const { admin } = kubernetes();
  await admin.request({ method: 'DELETE', path: settings });
  const repaired = await until(
    () => admin.request({ path: settings }),
    ({ status }) => status === 200,
    40_000,
  );
  t.like(repaired.body, { data: { motto: 'quiet', release: '1.0.0' } });
  t.deepEqual(
    (await changes.mutations()).map(({ verb, path }) => `${verb} ${path}`),
    [`patch ${settings}`],
  );
  const has = (conditions: readonly { readonly code: string }[] = []) =>
    conditions.some(({ code }) => code === 'OfferRefused');
  t.true(
    has(
      (
        await until(
          () => view(site()),
          ({ state }) => has(state?.conditions),
        )
      ).state?.conditions,
    ),
  );
  const { isRed, conditions } = await agent.status();
  t.true(isRed && has(conditions));
});

test.serial('a good release waits for its second signature and is then applied', async (t) => {
  const { plane, agent } = site();
  await publishRelease(plane, better, signaturesOf(better.manifest, alice));
  await assign(site(), better);
  const refused = await until(
    () => view(site()),
    (seen) => seen.refused?.code === under,
  );
  t.is(refused.refused?.generation, 3);
  t.is(refused.held?.generation, 2);
  const signatures = JSON.parse(signaturesOf(better.manifest, carol).toString('utf8')) as unknown;
  await plane.rest('PUT', '/v1/releases/demo@1.1.0/signatures', { signatures });
  const applied = await until(
    () => view(site()),
    ({ state }) => state?.generation === 3 && state.applied,
  );
  t.is(applied.held?.generation, 3);
  t.is(applied.refused, null, 'what was refused is accepted now');
  t.false(applied.state?.conditions.some(({ code }) => code === 'OfferRefused'));
  t.like((await kubernetes().admin.request({ path: settings })).body, { data: { release: '1.1.0' } });
  const status = await agent.status();
  t.is(status.refusal, null);
  t.false(status.isRed);
});
