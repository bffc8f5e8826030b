// Takes an offer from its signatures to the planner: verify, fetch, resolve, commit.
// Laws: one transaction makes the new document visible; before it nothing that the site runs has changed; what is
// refused leaves a refusal, reported once per document and code, and nothing else. Called by the sync session.
import { create, toBinary } from '@bufbuild/protobuf';
import { isDigest } from '../../daemon/content-files.ts';
import { documentBounds } from '../../proto/document.ts';
import { ReportBodySchema } from '../../proto/gen/tre/v1/sync_pb.ts';
import type { Wanted } from '../plan/world.ts';
import { collectGarbage } from '../store/collect.ts';
import type { AgentStore } from '../store/store.ts';
import { type ContentSource, fetchMissing } from './content.ts';
import {
  type ChainPosition,
  hindrance,
  type JudgedDocument,
  judgeChain,
  judgeRelease,
  type Refused,
  type SiteView,
} from './offer.ts';
import { resolveObjects } from './resolve.ts';

/** One part of an offer; `more` is false on the last. */
export interface OfferPart {
  readonly documents: readonly Uint8Array[];
  readonly releaseSignatures: Uint8Array;
  readonly more: boolean;
}

export type Acceptance =
  /** The document is held and visible to the planner. */
  | { readonly kind: 'accepted'; readonly document: JudgedDocument }
  /** More parts are to come, or everything was known. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly refusal: Refused };

export interface AcceptDeps {
  readonly store: AgentStore;
  readonly source: ContentSource;
  /** The site as it is now. */
  readonly view: () => SiteView;
}

/** Judges the offers of one connection. A broken connection throws; the offer comes again on the next one. */
export class Acceptor {
  readonly #deps: AcceptDeps;
  /** The last document of the parts judged so far. */
  #judged: JudgedDocument | null = null;
  /** Documents accepted on this connection, by digest: they may be offered again. */
  readonly #known = new Set<string>();
  /** Digests of the parts judged so far. */
  #digests: readonly string[] = [];
  /** A part was refused: the rest of that offer is worth nothing. */
  #isSpoilt = false;

  constructor(deps: AcceptDeps) {
    this.#deps = deps;
  }

  async take(part: OfferPart, signal: AbortSignal): Promise<Acceptance> {
    const acceptance = this.#isSpoilt ? ({ kind: 'nothing' } as const) : await this.#judge(part, signal);
    this.#isSpoilt = part.more && (this.#isSpoilt || acceptance.kind === 'refused');
    if (acceptance.kind === 'accepted') for (const digest of this.#digests) this.#known.add(digest);
    if (!part.more) this.#begin();
    if (acceptance.kind === 'refused')
      recordRefusal(this.#deps.store, acceptance.refusal, this.#deps.view().nowMs);
    return acceptance;
  }

  #begin(): void {
    this.#judged = null;
    this.#digests = [];
  }

  async #judge(part: OfferPart, signal: AbortSignal): Promise<Acceptance> {
    const { store, view } = this.#deps;
    const held = store.desired.held();
    if (held !== undefined) this.#known.add(held.documentDigest);
    const from: ChainPosition | null = this.#judged ?? held ?? null;
    const verdict = judgeChain(view(), from, part.documents, this.#known);
    if (!verdict.ok) return { kind: 'refused', refusal: verdict };
    this.#digests = [...this.#digests, ...verdict.digests];
    this.#judged = verdict.document ?? this.#judged;
    if (part.more || this.#judged === null) return { kind: 'nothing' };
    return adopt(this.#deps, this.#judged, part.releaseSignatures, signal);
  }
}

/** Makes a judged document the one that this site works towards, if its release allows it. */
async function adopt(
  deps: AcceptDeps,
  document: JudgedDocument,
  signatures: Uint8Array,
  signal: AbortSignal,
): Promise<Acceptance> {
  const { store, view } = deps;
  const { content, desired } = store;
  const refused = (code: Refused['code']): Acceptance => ({
    kind: 'refused',
    refusal: { ...document, ok: false, code },
  });
  const code = hindrance(view(), document);
  if (code !== undefined) return refused(code);
  await collectGarbage(store);
  const { digest } = document.desired.release;
  const manifest = await fetchMissing(
    { ...deps, content },
    [{ digest, maxBytes: documentBounds.maxManifestBytes }],
    signal,
  );
  if (!manifest.ok) return refused(manifest.code);
  const bytes = isDigest(digest) ? await content.get(digest) : new Uint8Array();
  const verdict = judgeRelease(view(), document.desired, bytes, signatures);
  if (!verdict.ok) return refused(verdict.code);
  const { release, parameters } = verdict;
  // From here on its content stays, so that a fetch that breaks goes on another time.
  desired.setRelease('offered', document.desired.release, view().nowMs);
  const wanted = release.objects.map((object) => ({ digest: object.digest, maxBytes: object.size }));
  const fetched = await fetchMissing({ ...deps, content }, wanted, signal);
  if (!fetched.ok) return refused(fetched.code);
  const resolved = await resolveObjects(content, release, parameters);
  if (!resolved.ok) return refused(resolved.code);
  // What changed while the content came, such as a hold, counts until the last moment.
  const late = hindrance(view(), document);
  if (late !== undefined) return refused(late);
  const { prune, components, health } = release;
  commit(deps, document, { objects: resolved.objects, prune, components, health });
  await content.dropUnfinished();
  return { kind: 'accepted', document };
}

function commit(
  { store, view }: AcceptDeps,
  { desired: { release, clusterUid }, ...document }: JudgedDocument,
  parts: Pick<Wanted, 'objects' | 'prune' | 'components' | 'health'>,
): void {
  const { epoch, generation, documentDigest, envelope } = document;
  const wanted = { epoch, generation, release, clusterUid, ...parts };
  store.atomically(() => {
    store.desired.commit({ wanted, documentDigest, envelope, acceptedAtMs: view().nowMs });
    store.journal.settleRefusals();
  });
}

function recordRefusal(
  store: AgentStore,
  { epoch, generation, code, documentDigest }: Refused,
  atMs: number,
): void {
  store.atomically(() => {
    const isNew = store.journal.addRefusal({ atMs, epoch, generation, code, documentDigest });
    if (!isNew) return;
    const value = { atMs: BigInt(atMs), epoch, generation, code };
    store.outbox.queue(
      'audit',
      toBinary(ReportBodySchema, create(ReportBodySchema, { body: { case: 'refusal', value } })),
    );
  });
}
