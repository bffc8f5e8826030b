// The namespace of the probe through the API server, as the few requests that a trial needs. Under a field manager of
// its own, so that nothing here is ever taken for an object of a release. Whatever is refused is a value.
// Called by network-trial.ts.
import type { ApiAnswer, ApiFailure, ClusterApi } from '../cluster/api.ts';
import { objectPath, type ResourceAddress } from '../cluster/paths.ts';
import { type Page, parsed } from './listing.ts';
import type { Pod } from './pod-state.ts';
import {
  clientRoles,
  namespaces,
  type ProbeObject,
  pods,
  policies,
  probeLabel,
  probeNamespace,
  probePolicies,
} from './probe-objects.ts';

export interface ProbeCluster {
  /** Is there, and ours, is there and not ours, or is not there. */
  readonly home: (signal: AbortSignal) => Promise<'ours' | 'foreign' | 'absent' | ApiFailure>;
  /** Server-side apply; `isTrial`: everything is checked and nothing is stored. */
  readonly apply: (
    address: ResourceAddress,
    object: ProbeObject,
    signal: AbortSignal,
    isTrial?: boolean,
  ) => Promise<ApiAnswer>;
  readonly pods: (signal: AbortSignal) => Promise<readonly Pod[] | ApiFailure>;
  /** Deletes every pod and policy that a trial may have left, at once. The first refusal, or null. */
  readonly clear: (signal: AbortSignal) => Promise<ApiFailure | null>;
}

const fieldManager = 'tre-agent-probe';

export function probeCluster(api: ClusterApi): ProbeCluster {
  return {
    home: async (signal) => {
      const path = objectPath(namespaces, { namespace: null, name: probeNamespace });
      const answer = await api.request({ method: 'GET', path }, signal);
      if (!answer.ok) return answer.code === 'NOT_FOUND' ? 'absent' : answer;
      const { metadata } = parsed<{ readonly metadata: { readonly labels?: Record<string, string> } }>(
        answer.body,
      );
      return metadata.labels?.[probeLabel] === undefined ? 'foreign' : 'ours';
    },
    apply: (address, object, signal, isTrial = false) => {
      const query = `fieldManager=${fieldManager}&force=true${isTrial ? '&dryRun=All' : ''}`;
      const path = `${pathOf(address, object.metadata.name)}?${query}`;
      const body = { contentType: 'application/apply-patch+yaml', bytes: encoded(object) };
      return api.request({ method: 'PATCH', path, body }, signal);
    },
    pods: async (signal) => {
      const path = objectPath(namespaces, { namespace: null, name: probeNamespace });
      const answer = await api.request({ method: 'GET', path: `${path}/pods` }, signal);
      return answer.ok ? (parsed<Page<Pod>>(answer.body).items ?? []) : answer;
    },
    clear: async (signal) => {
      const remains: readonly (readonly [ResourceAddress, string])[] = [
        ...['server', ...clientRoles].map((name) => [pods, name] as const),
        ...probePolicies.map(({ metadata }) => [policies, metadata.name] as const),
      ];
      const answers = await Promise.all(
        remains.map(([address, name]) => remove(api, pathOf(address, name), signal)),
      );
      return (
        answers.flatMap((answer) => (answer.ok || answer.code === 'NOT_FOUND' ? [] : [answer]))[0] ?? null
      );
    },
  };
}

/** Without grace: its name is free at once, and a pod of the probe has nothing to put in order. */
function remove(api: ClusterApi, path: string, signal: AbortSignal): Promise<ApiAnswer> {
  const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 };
  const body = { contentType: 'application/json', bytes: encoded(options) };
  return api.request({ method: 'DELETE', path, body }, signal);
}

function pathOf(address: ResourceAddress, name: string): string {
  return objectPath(address, { namespace: address === namespaces ? null : probeNamespace, name });
}

function encoded(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
