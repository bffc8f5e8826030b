// What is read of an object besides its bytes: identity, deletion, and our own entry in metadata.managedFields. The
// hash of that entry changes whenever somebody takes or removes a field of ours and stays when others add theirs, so
// drift shows without a full object ever being read. PURE. Called by agent/observe (lists) and agent/act (answers).
import { hash } from 'node:crypto';
import { fieldManager } from './paths.ts';

/** Media types that ask for metadata alone. */
export const metadataOnly = {
  object: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
} as const;

export interface ObjectFacts {
  readonly name: string;
  readonly namespace: string | null;
  readonly uid: string;
  readonly deleting: boolean;
  /** Of the entry of our manager, operation Apply, no subresource; null when there is none. */
  readonly ownHash: string | null;
  /**
   * True when that entry is not younger than the object (whole seconds): our apply created it. Also true when there is
   * no entry of anybody, for an apply of a bare object leaves none.
   */
  readonly createdByUs: boolean;
  /** For a Job: when its status said Complete or Failed, ms UTC; else null. */
  readonly finishedAtMs: number | null;
}

export interface FactsPage {
  readonly items: readonly ObjectFacts[];
  /** Token of the next page, null for the last one. */
  readonly next: string | null;
}

/** One object, whole or metadata alone. */
export function readFacts(body: Uint8Array): ObjectFacts {
  return factsOf((JSON.parse(decoder.decode(body)) as { readonly metadata: Metadata }).metadata);
}

/** One page of a list; only the items that `wants` says yes to are looked at. */
export function readFactsPage(
  body: Uint8Array,
  wants: (name: string, namespace: string | null) => boolean,
): FactsPage {
  const list = JSON.parse(decoder.decode(body)) as List;
  const items: ObjectFacts[] = [];
  for (const { metadata } of list.items ?? [])
    if (wants(metadata.name, metadata.namespace ?? null)) items.push(factsOf(metadata));
  const next = list.metadata?.continue ?? '';
  return { items, next: next === '' ? null : next };
}

const decoder = new TextDecoder();

interface List {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly { readonly metadata: Metadata }[];
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly managedFields?: readonly ManagedFields[];
}

interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1?: { readonly 'f:status'?: { readonly 'f:conditions'?: object } };
}

function factsOf({
  name,
  namespace,
  uid,
  creationTimestamp,
  deletionTimestamp,
  managedFields = [],
}: Metadata): ObjectFacts {
  const own = managedFields.find(isOwn);
  const age = own?.time === undefined ? Number.NaN : Date.parse(own.time) - Date.parse(creationTimestamp);
  return {
    name,
    namespace: namespace ?? null,
    uid,
    deleting: deletionTimestamp !== undefined,
    ownHash: own === undefined ? null : hash('sha256', JSON.stringify(own.fieldsV1 ?? {}), 'base64url'),
    createdByUs: managedFields.length === 0 || age <= 0,
    finishedAtMs: finishedAtMs(managedFields),
  };
}

function isOwn({ manager, operation, subresource = '' }: ManagedFields): boolean {
  return manager === fieldManager && operation === 'Apply' && subresource === '';
}

const finalConditions = ['k:{"type":"Complete"}', 'k:{"type":"Failed"}'] as const;

function finishedAtMs(managedFields: readonly ManagedFields[]): number | null {
  for (const { fieldsV1, time } of managedFields) {
    const conditions = fieldsV1?.['f:status']?.['f:conditions'];
    if (conditions !== undefined && time !== undefined && finalConditions.some((key) => key in conditions))
      return Date.parse(time);
  }
  return null;
}
