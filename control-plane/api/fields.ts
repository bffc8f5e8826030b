// Fields that several resources share, as zod schemas and as the functions that fill them. Times are RFC 3339, UTC.
// Used by every resource of this folder.
import { z } from 'zod';
import { digestForm, labelForm, uuidForm, versionForm } from '../../proto/document.ts';
import { TreError } from '../../proto/errors.ts';
import type { SiteRow } from '../store/sites.ts';
import type { Store } from '../store/store.ts';

export const timeField = z.string().describe('RFC 3339, UTC');
export const digestField = z.string().regex(digestForm).describe('sha256:<hex>');
export const siteNameField = z
  .string()
  .regex(labelForm, 'must be lower-case letters, digits and hyphens, at most 63')
  .refine((name) => !uuidForm.test(name), 'must not look like an id')
  .describe('A DNS label.');
export const whyField = z
  .string()
  .max(500)
  .refine((text) => text.isWellFormed(), 'must be valid Unicode')
  .optional()
  .describe('Kept in the audit.');
export const parametersField = z
  .record(z.string(), z.union([z.string(), z.int(), z.boolean()]))
  .describe('Values of declared parameters, by name.');

/** `/sites/:site` and what lies below it. */
export const siteParams = z.object({ site: z.string().max(63).describe('Name or id of a site.') });
/** `/releases/:release` and what lies below it. */
export const releaseParams = z.object({
  release: z.string().max(200).describe('name@version, or the digest of the manifest.'),
});

export const releaseField = z.object({ name: z.string(), version: z.string(), digest: digestField });

/** Milliseconds -> RFC 3339. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** Null stays null. */
export function timeOrNull(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : timeText(ms);
}

/** The site of a path. */
export function siteOf(store: Store, { site }: z.infer<typeof siteParams>): SiteRow {
  const row = store.sites.find(site);
  if (row === undefined) throw new TreError('SITE_UNKNOWN', `There is no site ${site}.`);
  return row;
}

/** The release of a path or body. */
export function releaseOf(store: Store, release: string) {
  const [name = '', version = '', ...rest] = release.split('@');
  const named =
    rest.length === 0 && versionForm.test(version) ? store.releases.find(name, version) : undefined;
  const row = named ?? store.releases.findByDigest(release);
  if (row === undefined) throw new TreError('RELEASE_UNKNOWN', `There is no release ${release}.`);
  return row;
}
