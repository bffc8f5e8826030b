// The answers of the REST API, as far as trectl reads them; the whole is in the API's own OpenAPI document.
// Times are RFC 3339. Used by the commands for operators.

import type { ParameterValue } from '../proto/parameter.ts';

export interface CodedAnswer {
  readonly code: string;
  readonly text: string;
  readonly next: string;
}

export interface ReleaseAnswer {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

export interface PublishedAnswer extends ReleaseAnswer {
  readonly publishedAt: string;
  readonly publishedBy: string;
  readonly signatures: number;
}

export interface ReleaseDetailAnswer extends PublishedAnswer {
  readonly parameters: readonly {
    readonly name: string;
    readonly type: 'string' | 'integer' | 'boolean' | 'enum' | 'cidr';
  }[];
}

export interface DesiredAnswer {
  readonly epoch: number;
  readonly generation: number;
  readonly release: ReleaseAnswer;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly issuedAt: string;
}

export interface SiteAnswer {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly revokedAt: string | null;
  readonly joined: boolean;
  readonly waiting: readonly { readonly fingerprint: string; readonly requestedAt: string }[];
  readonly contact: {
    readonly class: 'live' | 'stale' | 'offline' | 'expired' | null;
    readonly lastAt: string | null;
    readonly certificateExpiresAt: string | null;
    readonly agentVersion: string | null;
  };
  readonly problem: (CodedAnswer & { readonly since: string }) | null;
  readonly desired: DesiredAnswer | null;
  readonly held: { readonly epoch: number; readonly generation: number } | null;
  readonly refused: (CodedAnswer & { readonly generation: number }) | null;
  readonly state: {
    readonly observedAt: string;
    readonly receivedAt: string;
    readonly generation: number;
    readonly applied: boolean;
    readonly drifted: boolean;
    readonly objectsWanted: number;
    readonly objectsApplied: number;
    readonly releases: { readonly running: ReleaseAnswer | null };
    readonly conditions: readonly (CodedAnswer & {
      readonly severity: string;
      readonly since: string;
      readonly count: number;
    })[];
    readonly kubernetesVersion: string | null;
  } | null;
}

export interface SiteDetailAnswer extends SiteAnswer {
  readonly objects: readonly (CodedAnswer & {
    readonly index: number;
    readonly object: {
      readonly kind: string;
      readonly namespace: string | null;
      readonly name: string;
    } | null;
  })[];
  readonly refusals: readonly (CodedAnswer & { readonly generation: number; readonly at: string })[];
}
