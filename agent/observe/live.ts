// The live objects among those that a look is about: one metadata-only LIST per kind, all kinds at once. Secrets are
// read one by one, because whoever may list them may read them all. Called by cluster.ts.
import { objectId } from '../../proto/document.ts';
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';
import { findKind, type ServedKind, type ServedKinds } from '../cluster/discovery.ts';
import { metadataOnly, type ObjectFacts, readFacts, readFactsPage } from '../cluster/metadata.ts';
import { collectionPath, objectPath } from '../cluster/paths.ts';
import type { KindKey, ObjectId, ObjectName } from '../plan/world.ts';
import { type NamesByKind, nameKey } from './names.ts';
import { readPages } from './pages.ts';

/** What is known of a live object; the planner's LiveObject and the end of a Job. */
export type LiveFacts = Pick<ObjectFacts, 'uid' | 'deleting' | 'ownHash' | 'createdByUs' | 'finishedAtMs'>;

export interface LiveFound {
  readonly ok: true;
  /** Wanted and owned objects, and every namespace. */
  readonly live: ReadonlyMap<ObjectId, LiveFacts>;
  /** Kinds that ceased to be served between discovery and now. */
  readonly vanished: ReadonlySet<KindKey>;
  /** Kinds, as `group/Kind`, that may not be listed. */
  readonly forbidden: ReadonlySet<string>;
}

interface Subject {
  readonly names: NamesByKind;
  readonly kinds: ServedKinds;
}

const pageSize = 500;
const namespaceKind = '/Namespace';
const oneByOne: ReadonlySet<string> = new Set(['/Secret']);

export async function readLive(
  api: ClusterApi,
  subject: Subject,
  signal: AbortSignal,
): Promise<LiveFound | ApiFailure> {
  const { names, kinds } = subject;
  const live = new Map<ObjectId, LiveFacts>();
  const vanished = new Set<KindKey>();
  const forbidden = new Set<string>();
  const readKind = async (groupKind: string): Promise<ApiFailure | null> => {
    const objects = names.get(groupKind) ?? new Map<string, ObjectName>();
    const served = servedKindFor(groupKind, objects, kinds);
    if (served === undefined) return null;
    const read = oneByOne.has(groupKind) ? getEach : listAll;
    const facts = await read({ api, served, objects }, signal);
    if ('code' in facts && facts.code === 'CLUSTER_FORBIDDEN' && groupKind !== namespaceKind) {
      forbidden.add(groupKind);
      return null;
    }
    if ('code' in facts && facts.code !== 'NOT_FOUND') return facts;
    if ('code' in facts) {
      for (const { group, version, kind } of kinds.values())
        if (group === served.group && kind === served.kind) vanished.add(`${group}/${version}/${kind}`);
      return null;
    }
    const { group, kind } = served;
    for (const { name, namespace, ...rest } of facts)
      live.set(objectId({ group, kind, namespace, name }), rest);
    return null;
  };
  const failures = await Promise.all([...new Set([...names.keys(), namespaceKind])].map(readKind));
  return failures.find((failure) => failure !== null) ?? { ok: true, live, vanished, forbidden };
}

/** The version that an object names, if it is served, else any that is: one LIST shows the objects of all versions. */
function servedKindFor(
  groupKind: string,
  objects: ReadonlyMap<string, ObjectName>,
  kinds: ServedKinds,
): ServedKind | undefined {
  if (groupKind === namespaceKind) return kinds.get('/v1/Namespace');
  const exact = objects.values().find(({ group, version, kind }) => kinds.has(`${group}/${version}/${kind}`));
  const [first] = exact === undefined ? objects.values() : [exact];
  return first === undefined ? undefined : findKind(kinds, first);
}

interface Reading {
  readonly api: ClusterApi;
  readonly served: ServedKind;
  readonly objects: ReadonlyMap<string, ObjectName>;
}

async function listAll(
  { api, served, objects }: Reading,
  signal: AbortSignal,
): Promise<readonly ObjectFacts[] | ApiFailure> {
  const isNamespace = served.group === '' && served.kind === 'Namespace';
  const wants = (name: string, namespace: string | null): boolean =>
    isNamespace || objects.has(nameKey(name, namespace));
  return readPages(
    api,
    {
      path: collectionPath(served),
      accept: metadataOnly.list,
      limit: pageSize,
      read: (body) => readFactsPage(body, wants),
    },
    signal,
  );
}

async function getEach(
  { api, served, objects }: Reading,
  signal: AbortSignal,
): Promise<readonly ObjectFacts[] | ApiFailure> {
  const answers = await Promise.all(
    [...objects.values()].map((object) =>
      api.request({ method: 'GET', path: objectPath(served, object), accept: metadataOnly.object }, signal),
    ),
  );
  const facts: ObjectFacts[] = [];
  for (const answer of answers) {
    if (answer.ok) facts.push(readFacts(answer.body));
    else if (answer.code !== 'NOT_FOUND') return answer;
  }
  return facts;
}
