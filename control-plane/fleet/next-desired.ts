// From an operator's wish to the next document of one site. PURE.
// Laws: generations rise by one, the epoch never falls, every document names the one before it by digest, and a value
// that the release does not allow is refused here already (the site judges again on its own). Called by the REST API.
import { type Desired, documentBounds, type Release, type ReleaseReference } from '../../proto/document.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import { type ParameterValue, resolveParameters } from '../../proto/parameter.ts';

/** How long a document may be acted on after it was issued. */
export const desiredLifeMs = 180 * 24 * 3_600_000;

/** A document's place in the chain of its site. `digest` is that of its payload. */
export interface ChainPosition {
  readonly epoch: number;
  readonly generation: number;
  readonly digest: string;
}

export interface DesiredRequest {
  readonly siteId: string;
  readonly clusterUid: string | null;
  readonly epoch: number;
  /** The document that the new one follows; null for a site's first. */
  readonly previous: ChainPosition | null;
  readonly release: Release;
  readonly releaseDigest: string;
  /** Only what differs from the defaults of the release. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly issuedAt: string;
  readonly notAfter: string;
}

export type NextDesired =
  | { readonly ok: true; readonly desired: Desired }
  | { readonly ok: false; readonly code: ErrorCode; readonly why: string };

/** The next document, or why there cannot be one. */
export function nextDesired(request: DesiredRequest): NextDesired {
  const { siteId, clusterUid, previous, release, parameters, issuedAt, notAfter } = request;
  const resolved = resolveParameters(release.parameters, parameters);
  if (!resolved.ok) return { ok: false, code: resolved.code, why: `${resolved.name}: ${resolved.why}` };
  if (previous !== null && previous.epoch > request.epoch) return behind('EPOCH_LOWER', previous);
  const generation = (previous?.generation ?? 0) + 1;
  if (generation > documentBounds.maxGeneration) return behind('GENERATION_LOWER', previous);
  const reference: ReleaseReference = {
    name: release.name,
    version: release.version,
    digest: request.releaseDigest,
  };
  const desired: Desired = {
    type: 'tre.desired/v1',
    capability: release.capability,
    siteId,
    clusterUid,
    epoch: request.epoch,
    generation,
    previous: previous?.digest ?? null,
    release: reference,
    parameters,
    issuedAt,
    notAfter,
  };
  return { ok: true, desired };
}

function behind(code: ErrorCode, previous: ChainPosition | null): NextDesired {
  return {
    ok: false,
    code,
    why: `the site holds epoch ${previous?.epoch ?? 0}, generation ${previous?.generation ?? 0}`,
  };
}
