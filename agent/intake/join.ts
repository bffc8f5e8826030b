// Reads a join file into the store: the one door through which trust roots enter.
// Laws: a machine belongs to one site for ever; once it has its certificate a join file changes nothing but the address;
// the same file read again goes on with the request that it began. Called by run.ts at the start.
import { TreError } from '../../proto/errors.ts';
import { type JoinFile, parseJoinFile } from '../../proto/join-file.ts';
import type { AgentStore } from '../store/store.ts';

/** @throws TreError JOIN_FILE_INVALID, ALREADY_JOINED */
export async function readJoinFile(store: AgentStore, bytes: Uint8Array, nowMs: number): Promise<void> {
  const { siteId, siteName, token, ...roots } = parsed(bytes);
  const site = store.site.read();
  if (site !== undefined && site.id !== siteId)
    throw new TreError('ALREADY_JOINED', undefined, { facts: { site: site.name } });
  const isEnrolled = (await store.keys.leaf()) !== undefined;
  if (site !== undefined && isEnrolled) {
    if (roots.caDigest === site.caDigest && roots.address !== site.address)
      store.site.setAddress(roots.address);
    return;
  }
  const { address, caDigest, director, keyset } = roots;
  store.site.join({ id: siteId, name: siteName, address, caDigest, director, keyset }, token, nowMs);
}

function parsed(bytes: Uint8Array): JoinFile {
  try {
    return parseJoinFile(bytes);
  } catch (error) {
    throw new TreError('JOIN_FILE_INVALID', undefined, { cause: error });
  }
}
