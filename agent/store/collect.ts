// Throws away content that nothing needs any more. Kept: what is wanted now, what was applied last per object, and the
// manifests of the offered, the running and the last healthy release with every object that they name.
// Called before content of a new document is fetched: whatever a run began with stays until the next one is here.
import { type ContentStore, isDigest } from '../../daemon/content-files.ts';
import { parseRelease } from '../../proto/document.ts';
import type { DesiredStore, ReleaseRole } from './desired.ts';
import type { Inventory } from './inventory.ts';

const keptRoles: readonly ReleaseRole[] = ['offered', 'running', 'last-healthy'];

/** Returns how many contents were deleted. */
export async function collectGarbage(stores: {
  readonly content: ContentStore;
  readonly desired: DesiredStore;
  readonly inventory: Inventory;
}): Promise<number> {
  const { content, desired, inventory } = stores;
  const needed = new Set<string>();
  const wanted = desired.wanted();
  if (wanted !== undefined) await needRelease(wanted.release.digest, content, needed);
  for (const object of wanted?.objects ?? []) needed.add(object.digest);
  for (const object of inventory.inventory().values())
    if (object.appliedDigest !== null) needed.add(object.appliedDigest);
  const releases = desired.releases();
  for (const role of keptRoles) {
    const release = releases.get(role);
    if (release !== undefined) await needRelease(release.digest, content, needed);
  }
  const stray = (await content.list()).filter((digest) => !needed.has(digest));
  for (const digest of stray) await content.delete(digest);
  return stray.length;
}

async function needRelease(digest: string, content: ContentStore, needed: Set<string>): Promise<void> {
  if (needed.has(digest) || !isDigest(digest) || !(await content.has(digest))) return;
  needed.add(digest);
  for (const object of parseRelease(await content.get(digest)).objects) needed.add(object.digest);
}
