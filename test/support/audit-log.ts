// What one user changed in a Kubernetes, from the API server's own audit log. The log is written before a request is
// answered, so whoever has seen the effect finds the row. Invariant: reads only, from where `mark` stood.
// Called by the system tests.
import { open, stat } from 'node:fs/promises';

/** One mutating request that was answered. */
export interface Mutation {
  readonly verb: string;
  /** `/api/v1/namespaces/x/configmaps/y`, without a query. */
  readonly path: string;
  /** HTTP status of the answer. */
  readonly status: number;
  readonly at: string;
}

export interface AuditLog {
  /** Everything before now is not asked for again. */
  mark(): Promise<void>;
  /** Since the last mark, in the order of the answers. */
  mutations(): Promise<readonly Mutation[]>;
}

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly responseStatus?: { readonly code?: number };
  readonly stageTimestamp: string;
}

const mutatingVerbs = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

export function auditLogOf(file: string, user: string): AuditLog {
  let from = 0;
  return {
    mark: async () => {
      from = (await stat(file)).size;
    },
    mutations: async () =>
      (await linesFrom(file, from)).map((line) => JSON.parse(line) as AuditEvent).flatMap(mutationOf(user)),
  };
}

function mutationOf(user: string): (event: AuditEvent) => readonly Mutation[] {
  return ({ stage, verb, requestURI, user: { username }, responseStatus, stageTimestamp }) => {
    if (stage !== 'ResponseComplete' || username !== user || !mutatingVerbs.has(verb)) return [];
    const path = requestURI.split('?')[0] ?? '';
    return [{ verb, path, status: responseStatus?.code ?? 0, at: stageTimestamp }];
  };
}

/** Whole lines only: the last one may still be on its way. */
async function linesFrom(file: string, offset: number): Promise<readonly string[]> {
  await using handle = await open(file, 'r');
  const { size } = await handle.stat();
  const bytes = Buffer.alloc(size - offset);
  await handle.read(bytes, 0, bytes.length, offset);
  return bytes.toString('utf8').split('\n').slice(0, -1);
}
