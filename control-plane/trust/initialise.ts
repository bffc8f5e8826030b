// Makes a control plane in an empty folder: keys, database, epoch 1, and the first operator token, written once to a
// 0600 file. The domain in the database is the mark that it was done; killed before that, init starts over.
// Called by `tre-control-plane init` and `token new`.
import { join } from 'node:path';
import { ensurePrivateDir, writeFileAtomic } from '../../daemon/atomic-file.ts';
import type { Clock } from '../../daemon/clock.ts';
import { systemFiles } from '../../daemon/files.ts';
import type { Random } from '../../daemon/random.ts';
import { TreError } from '../../proto/errors.ts';
import type { Role } from '../store/operator-tokens.ts';
import { databasePath, openStore, type Store } from '../store/store.ts';
import { createAuthority } from './authority.ts';
import { createDirector } from './director.ts';
import { newSecret } from './secret.ts';

export interface InitOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Of the names in certificates. */
  readonly domain: string;
  readonly tokenFile: string;
}

/** Where the CA and the director key of a data folder lie. */
export function trustFolder(data: string): string {
  return join(data, 'trust');
}

/** The folder must be held by the caller's lock. Throws TreError ALREADY_INITIALISED, DaemonError. */
export async function initialise(data: string, options: InitOptions): Promise<void> {
  const { clock, domain, tokenFile } = options;
  await using store = openStore(data);
  if (store.settings.get('domain') !== undefined)
    throw new TreError('ALREADY_INITIALISED', `${data} holds a control plane already.`);
  const trust = await ensurePrivateDir(trustFolder(data));
  await createAuthority(trust, clock);
  await createDirector(trust);
  await addOperator(store, { ...options, name: 'admin', role: 'operator', file: tokenFile });
  store.transaction(() => {
    store.settings.set('epoch', '1');
    store.settings.set('domain', domain);
    store.audit.append({
      atMs: clock.now(),
      who: 'tre-control-plane',
      what: 'init',
      subject: domain,
      why: null,
      digest: null,
    });
  });
}

/** Leaves a folder without a control plane as it is, also one that is not there. Throws TreError NOT_INITIALISED. */
export async function demandInitialised(data: string): Promise<void> {
  if ((await systemFiles.stat(databasePath(data))) === undefined)
    throw new TreError('NOT_INITIALISED', `${data} holds no control plane yet.`);
}

/** The store of a control plane that is there. Throws TreError NOT_INITIALISED, DaemonError. */
export async function openInitialised(data: string): Promise<Store> {
  await demandInitialised(data);
  const store = openStore(data);
  if (store.settings.get('domain') !== undefined) return store;
  await store[Symbol.asyncDispose]();
  throw new TreError('NOT_INITIALISED', `${data} holds no control plane yet.`);
}

/**
 * For a control plane that was restored from an old backup: raises the epoch above every one that a site holds. The
 * next document of each site then follows the one held there. Returns the new epoch.
 */
export function raiseEpoch(store: Store, options: { readonly clock: Clock; readonly why: string }): number {
  return store.transaction(() => {
    const present = store.settings.epoch();
    const epoch = Math.max(present, store.contacts.highestEpoch(present + credibleLead)) + 1;
    store.settings.set('epoch', String(epoch));
    const entry = { who: 'tre-control-plane', what: 'recover', subject: `epoch ${epoch}`, digest: null };
    store.audit.append({ atMs: options.clock.now(), why: options.why, ...entry });
    return epoch;
  });
}

/** Epochs rise by one, by hand. A site that says more than this is wrong or lies, and the numbers are not endless. */
const credibleLead = 1_000;

/** A new operator token: the secret goes to a 0600 file and nowhere else. Throws TreError when the name is taken. */
export async function addOperator(
  store: Store,
  options: {
    readonly clock: Clock;
    readonly random: Random;
    readonly name: string;
    readonly role: Role;
    readonly file: string;
  },
): Promise<void> {
  const { clock, random, name, role, file } = options;
  const known = store.operatorTokens.findByName(name);
  // Only an init that was cut short has left one behind without its end.
  if (known !== undefined && store.settings.get('domain') !== undefined) {
    throw new TreError('REQUEST_INVALID', `There is a token ${name} already.`);
  }
  const { secret, hash } = newSecret(random, 'operator');
  await writeFileAtomic(file, `${secret}\n`);
  store.transaction(() => {
    store.operatorTokens.remove(name);
    store.operatorTokens.add({ hash, name, role, createdAtMs: clock.now() });
    store.audit.append({
      atMs: clock.now(),
      who: 'tre-control-plane',
      what: 'token.new',
      subject: name,
      why: null,
      digest: null,
    });
  });
}
