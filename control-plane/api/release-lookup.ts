// Looks up what a site names by number: objects and components by their place in a release. Manifests never change, so
// the components of the releases seen last are kept in memory. Called by the views of sites.

import { isDigest } from '../../daemon/content-files.ts';
import { isDaemonError } from '../../daemon/errors.ts';
import { parseRelease, type Release } from '../../proto/document.ts';
import type { ApiDeps } from './deps.ts';

/** Undefined when its content is not here. */
export async function releaseAt(
  { content }: Pick<ApiDeps, 'content'>,
  digest: string,
): Promise<Release | undefined> {
  if (!isDigest(digest)) return undefined;
  try {
    return parseRelease(await content.get(digest));
  } catch (error) {
    if (isDaemonError(error, 'content-missing', 'content-mismatch')) return undefined;
    throw error;
  }
}

/** Names of the components of releases, by digest of the manifest. */
export interface ComponentNames {
  /** Reads the manifests that are not known yet. */
  learn(digests: Iterable<string>): Promise<void>;
  /** Empty when it was not learnt, or its content is not here. */
  of(digest: string): readonly string[];
}

const keptReleases = 256;

export function componentNames(deps: Pick<ApiDeps, 'content'>): ComponentNames {
  const known = new Map<string, readonly string[]>();
  return {
    async learn(digests) {
      for (const digest of new Set(digests)) {
        if (known.has(digest)) continue;
        const release = await releaseAt(deps, digest);
        if (release === undefined) continue;
        known.set(digest, release.components);
        const [oldest] = known.keys();
        if (known.size > keptReleases && oldest !== undefined) known.delete(oldest);
      }
    },
    of: (digest) => known.get(digest) ?? [],
  };
}
