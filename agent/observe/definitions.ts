// Which kinds of wanted CustomResourceDefinitions can be used: listed in discovery, and the definition Established.
// A definition is read whole until it is established, then never again unless it was made anew. Called by cluster.ts.
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';
import type { ServedKinds } from '../cluster/discovery.ts';
import { objectPath } from '../cluster/paths.ts';
import type { KindKey, ObjectId, Wanted, WantedObject } from '../plan/world.ts';

interface Subject {
  readonly api: ClusterApi;
  readonly wanted: Wanted | null;
  readonly live: ReadonlyMap<ObjectId, { readonly uid: string }>;
  readonly kinds: ServedKinds;
  /** UIDs of definitions known to be established; added to here. */
  readonly confirmed: Set<string>;
}

/** The kinds that must not be used yet although discovery lists them. */
export async function confirmDefinitions(
  { api, wanted, live, kinds, confirmed }: Subject,
  signal: AbortSignal,
): Promise<{ readonly ok: true; readonly kinds: ReadonlySet<KindKey> } | ApiFailure> {
  const isOpen = ({ id, defines }: WantedObject): boolean => {
    const uid = live.get(id)?.uid;
    return defines.some((kind) => kinds.has(kind)) && (uid === undefined || !confirmed.has(uid));
  };
  const open = (wanted?.objects ?? []).filter(isOpen);
  const unusable = new Set<KindKey>();
  const failures = await Promise.all(
    open.map(async ({ name, version, defines }) => {
      const path = objectPath({ ...definitions, version }, { namespace: null, name });
      const answer = await api.request({ method: 'GET', path }, signal);
      if (!answer.ok && answer.code !== 'NOT_FOUND') return answer;
      const uid = answer.ok ? establishedUid(answer.body) : null;
      if (uid !== null) confirmed.add(uid);
      else for (const kind of defines) unusable.add(kind);
      return null;
    }),
  );
  return failures.find((failure) => failure !== null) ?? { ok: true, kinds: unusable };
}

const definitions = { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' } as const;

interface Definition {
  readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

function establishedUid(body: Uint8Array): string | null {
  const { metadata, status } = JSON.parse(new TextDecoder().decode(body)) as Definition;
  const established = status?.conditions?.some(
    ({ type, status: value }) => type === 'Established' && value === 'True',
  );
  return established === true && metadata.deletionTimestamp === undefined ? metadata.uid : null;
}
