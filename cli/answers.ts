// The answers of the REST API, as far as trectl reads them; the whole is in the API's own OpenAPI document.
// Types alone, taken from the schemas of answer-schemas.ts, which is not loaded for them. Used by the commands for
// operators and by the live view of `npm start`.

import type { z } from 'zod';
import type * as schemas from './answer-schemas.ts';

export type SiteAnswer = z.infer<typeof schemas.site>;
export type SiteDetailAnswer = z.infer<typeof schemas.siteDetail>;
export type DesiredAnswer = z.infer<typeof schemas.desired>;
export type PublishedAnswer = z.infer<typeof schemas.releases>[number];
export type ReleaseDetailAnswer = z.infer<typeof schemas.releaseDetail>;
export type EventAnswer = z.infer<typeof schemas.event>;
export type AuditAnswer = z.infer<typeof schemas.auditRow>;

export interface CodedAnswer {
  readonly code: string;
  readonly text: string;
  readonly next: string;
}
