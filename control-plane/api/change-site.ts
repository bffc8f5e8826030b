// Renames, labels and deletes a site: each change is one transaction with its audit rows and events, and changing
// nothing writes nothing. The audit is kept for ever and events are not, so its rows say what was changed to what.
// Called by the routes of sites.
import { TreError } from '../../proto/errors.ts';
import { isLabelKey, isLabelValue, maxLabels } from '../fleet/labels.ts';
import type { SiteRow } from '../store/sites.ts';
import type { Store } from '../store/store.ts';
import { turnAway } from '../trust/approval.ts';
import type { ApiDeps } from './deps.ts';

/** Who changes something, and why. */
interface Decision {
  readonly who: string;
  readonly why: string | null;
}

export interface SiteChange extends Decision {
  readonly name: string;
  /** Null removes a label. */
  readonly labels: Readonly<Record<string, string | null>>;
}

/** Throws TreError SITE_NAME_TAKEN, LABEL_INVALID. */
export function changeSite({ store, clock }: ApiDeps, site: SiteRow, change: SiteChange): void {
  const { name, labels, who, why } = change;
  const atMs = clock.now();
  for (const [key, value] of Object.entries(labels)) demandLabel(key, value);
  store.transaction(() => {
    if (name !== site.name) {
      demandFreeName(store, name);
      store.sites.rename(site.id, name);
      const subject = `${site.id} ${site.name} -> ${name}`;
      store.audit.append({ atMs, who, what: 'site.rename', subject, why, digest: null });
      const news = { kind: 'renamed', from: site.name, to: name, who } as const;
      store.events.add({ siteId: site.id, atMs, news });
    }
    const changes = setLabels(store, site.id, labels);
    const subject = [site.id, ...changes].join(' ');
    if (changes.length > 0) store.audit.append({ atMs, who, what: 'site.label', subject, why, digest: null });
  });
}

/** Throws TreError SITE_IN_USE. */
export function deleteSite({ store, clock }: ApiDeps, site: SiteRow, { who, why }: Decision): void {
  const atMs = clock.now();
  store.transaction(() => {
    const isJoined = store.devices.current(site.id) !== undefined;
    if (isJoined && store.sites.find(site.id)?.revokedAtMs === null)
      throw new TreError('SITE_IN_USE', `${site.name} has a machine that may still come back.`);
    store.sites.remove(site.id, atMs);
    turnAway(store, site.id, atMs);
    store.audit.append({ atMs, who, what: 'site.delete', subject: site.id, why, digest: null });
    store.events.add({ siteId: site.id, atMs, news: { kind: 'deleted', name: site.name, who } });
  });
}

/** Throws TreError SITE_NAME_TAKEN. */
export function demandFreeName(store: Store, name: string): void {
  if (store.sites.find(name) !== undefined)
    throw new TreError('SITE_NAME_TAKEN', `There is a site ${name} already.`);
}

/** What changed, as `key=value` and `key-`. */
function setLabels(store: Store, siteId: string, labels: SiteChange['labels']): readonly string[] {
  const present = new Map(Object.entries(store.labels.of(siteId)));
  const changes = Object.entries(labels).filter(([key, value]) => (present.get(key) ?? null) !== value);
  const added = changes.filter(([key, value]) => value !== null && !present.has(key)).length;
  const removed = changes.filter(([, value]) => value === null).length;
  const count = present.size + added - removed;
  if (count > maxLabels)
    throw new TreError('LABEL_INVALID', `A site may have ${maxLabels} labels, not ${count}.`);
  for (const [key, value] of changes) {
    if (value === null) store.labels.remove(siteId, key);
    else store.labels.set(siteId, key, value);
  }
  return changes.map(([key, value]) => (value === null ? `${key}-` : `${key}=${value}`));
}

function demandLabel(key: string, value: string | null): void {
  if (!isLabelKey(key) || (value !== null && !isLabelValue(value)))
    throw new TreError('LABEL_INVALID', `${value === null ? key : `${key}=${value}`} is no label.`);
}
