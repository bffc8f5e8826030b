// Words for what a site is to us at the moment. Used by the commands that show sites.
// PURE. Nothing here says that a site is well.

import type { SiteAnswer } from './answers.ts';

/** new, waiting, withdrawn, or how old the news is. */
export function newsOf(site: SiteAnswer): string {
  if (site.revokedAt !== null) return 'withdrawn';
  if (site.contact.class !== null) return site.contact.class;
  return site.waiting.length > 0 ? 'waiting' : 'new';
}
