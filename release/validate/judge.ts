// One object against every Kubernetes version that the release targets, or against the CRD that the release brings:
// is its kind known and still served, and does it fit. What several versions say alike is said once. Pure; called
// by build.ts.

import type { JsonObject } from '../../proto/strict-json.ts';
import type { Identity } from '../identity.ts';
import type { FieldPath } from '../read/positions.ts';
import type { KindFacts, KubernetesApi, Scope } from './catalogue.ts';
import { type CustomKind, kindKey } from './custom-kinds.ts';
import { findInCustomResource } from './custom-schema.ts';
import { type Finding, type FindingCode, findInShape } from './shape.ts';

/** What a release is judged against. */
export interface Target {
  readonly apis: readonly KubernetesApi[];
  readonly custom: ReadonlyMap<string, CustomKind>;
}

/** A finding with its code of the closed list, and the words for people. */
export interface Judged {
  readonly code: FindingCode | 'KIND_UNKNOWN' | 'API_REMOVED';
  readonly path: FieldPath;
  readonly detail: string;
}

/** The scope of an object's kind; undefined when no target knows it. */
export function scopeOf(identity: Identity, target: Target): Scope | undefined {
  for (const api of target.apis) {
    const facts = api.lookUp(identity.apiVersion, identity.kind);
    if (facts.found === 'served') return facts.scope;
  }
  return target.custom.get(kindKey(identity.apiVersion, identity.kind))?.scope;
}

/** Everything that the targets refuse about an object. */
export function judge(value: JsonObject, identity: Identity, target: Target): Judged[] {
  const { status: _, ...object } = value;
  const said = new Map<string, { judged: Judged; minors: string[] }>();
  for (const api of target.apis) {
    for (const judged of judgeFor(api, object, identity, target)) {
      const key = JSON.stringify([judged.code, judged.path]);
      const before = said.get(key);
      if (before === undefined) said.set(key, { judged, minors: [api.minor] });
      else if (before.minors.at(-1) !== api.minor) before.minors.push(api.minor);
    }
  }
  return [...said.values()].map(({ judged, minors }) => {
    const some = minors.length === target.apis.length ? '' : ` (Kubernetes ${minors.join(', ')})`;
    return { ...judged, detail: `${judged.detail}${some}` };
  });
}

function judgeFor(api: KubernetesApi, object: JsonObject, identity: Identity, target: Target): Judged[] {
  const facts = api.lookUp(identity.apiVersion, identity.kind);
  if (facts.found === 'served') return inWords(identity, findInShape(object, facts.shape, api.shapes));
  const custom = target.custom.get(kindKey(identity.apiVersion, identity.kind));
  if (custom !== undefined) return inWords(identity, customFindings(api, object, custom));
  return [kindProblem(api, identity, facts)];
}

function customFindings(api: KubernetesApi, object: JsonObject, custom: CustomKind): Finding[] {
  const { metadata = null } = object;
  const inMetadata = findInShape(metadata, '#meta.v1.ObjectMeta', api.shapes);
  return [
    ...inMetadata.map((finding) => ({ ...finding, path: ['metadata', ...finding.path] })),
    ...findInCustomResource(object, custom.schema),
  ];
}

function kindProblem(api: KubernetesApi, identity: Identity, facts: KindFacts): Judged {
  const what = `${identity.apiVersion} ${identity.kind}`;
  switch (facts.found) {
    case 'removed': {
      const instead = facts.replacement === '' ? '' : `; use ${facts.replacement}`;
      return {
        code: 'API_REMOVED',
        path: ['apiVersion'],
        detail: `${what} is not served since Kubernetes ${facts.since}${instead}`,
      };
    }
    case 'off':
      return {
        code: 'KIND_UNKNOWN',
        path: ['apiVersion'],
        detail: `${what} is not served unless somebody switches it on`,
      };
    default: {
      const elsewhere = api.apiVersionsOf(identity.kind);
      const hint = elsewhere.length === 0 ? '' : `; there is ${elsewhere.join(', ')} ${identity.kind}`;
      return { code: 'KIND_UNKNOWN', path: ['kind'], detail: `${what} is not known${hint}` };
    }
  }
}

function inWords(identity: Identity, findings: readonly Finding[]): Judged[] {
  const where = identity.namespace === undefined ? '' : `${identity.namespace}/`;
  return findings.map(({ code, path, detail }) => {
    return { code, path, detail: `${identity.kind} ${where}${identity.name}: ${fieldName(path)} ${detail}` };
  });
}

/** A path as people write it: .spec.ports[0].name, with brackets around keys that are no plain words. */
export function fieldName(path: FieldPath): string {
  return path
    .map((part) => {
      if (typeof part === 'number') return `[${part}]`;
      return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
    })
    .join('');
}
