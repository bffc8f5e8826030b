// The ledger as lines of JSON: what is kept at all, then the messages, then the names of objects that they mention by
// number. Read page by page, so that an agent with a large ledger goes on working. Called by answers.ts for a running agent,
// and by ledger-command.ts when none runs.
import type { LedgerExtent } from '../store/ledger.ts';
import type { AgentStore } from '../store/store.ts';
import { objectText } from './object-text.ts';

export interface LedgerQuestion {
  /** Not older than this, ms UTC. */
  readonly sinceMs?: number | undefined;
  /** The newest so many. */
  readonly last?: number | undefined;
}

/** What the numbers of objects mean here: those of the release with this digest. */
export interface KnownRelease {
  readonly digest: string;
  /** The generation that works towards it; null for what earlier releases left. */
  readonly generation: number | null;
  /** Index -> `Kind namespace/name`. */
  readonly objects: Readonly<Record<string, string>>;
  /** Names of its components, in order. */
  readonly components: readonly string[];
}

export type LedgerLine =
  | { readonly kind: 'extent'; readonly extent: LedgerExtent; readonly releases: readonly KnownRelease[] }
  | {
      readonly kind: 'message';
      readonly number: number;
      readonly atMs: number;
      readonly message: string;
      readonly count: number;
      /** Base64. */
      readonly body: string;
    };

const pageRows = 200;

export async function* ledgerLines(
  store: Pick<AgentStore, 'ledger' | 'desired' | 'inventory'>,
  { sinceMs = 0, last }: LedgerQuestion,
): AsyncGenerator<LedgerLine> {
  const { ledger } = store;
  yield { kind: 'extent', extent: ledger.extent(), releases: knownReleases(store) };
  let number = last === undefined ? 0 : ledger.beforeLast(last);
  for (;;) {
    const page = ledger.after(number, sinceMs, pageRows);
    for (const { body, ...entry } of page)
      yield { kind: 'message', ...entry, body: Buffer.from(body).toString('base64') };
    const end = page.at(-1);
    if (end === undefined) return;
    number = end.number;
    // Whoever asked reads at leisure; the agent has other work.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function knownReleases({
  desired,
  inventory,
}: Pick<AgentStore, 'desired' | 'inventory'>): readonly KnownRelease[] {
  const wanted = desired.wanted();
  const own = wanted === undefined ? [] : [{ ...wanted, digest: wanted.release.digest }];
  const earlier = Map.groupBy(inventory.inventory().values(), ({ releaseDigest }) => releaseDigest);
  for (const { digest } of own) earlier.delete(digest);
  const named = (objects: Iterable<Parameters<typeof objectText>[0] & { readonly index: number }>) =>
    Object.fromEntries([...objects].map((object) => [object.index, objectText(object)]));
  return [
    ...own.map(({ digest, generation, objects, components }) => ({
      digest,
      generation,
      objects: named(objects),
      components,
    })),
    ...[...earlier].map(([digest, rows]) => ({
      digest,
      generation: null,
      objects: named(rows),
      components: [],
    })),
  ];
}
