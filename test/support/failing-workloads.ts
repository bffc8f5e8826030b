// Workloads that work or fail on a real node, and what the cluster itself shows of a failure: the fact that a rule of
// health asks for, read from the API server. Called by the trials that measure how soon a failure is said.
import type { Api } from '../../dev/kubernetes/api.ts';
import type { Manifest } from './cluster-site.ts';
import { eventually } from './eventually.ts';

const serving = ['serve', '--port', '8080'];
const pollIntervalMs = 50;

export interface Container {
  readonly image?: string;
  readonly args?: readonly string[];
  readonly more?: object;
  readonly pod?: object;
}

const podOf = ({ image = 'tre.local/probe:1', args = serving, more = {}, pod = {} }: Container) => ({
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 1,
  containers: [{ name: 'main', image, args, imagePullPolicy: 'IfNotPresent', ...more }],
  ...pod,
});

export const namespace = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
});

/** `web`: one pod that serves HTTP, unless the container is told otherwise. */
export const deployment = (home: string, container: Container): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: home },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: podOf(container) },
  },
});

/** `once`: one attempt. */
export const job = (home: string, container: Container): Manifest => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'once', namespace: home },
  spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', ...podOf(container) } } },
});

/** There is room for no pod. */
export const fullQuota = (home: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'none', namespace: home },
  spec: { hard: { pods: '0' } },
});

/** What of a pod, a Deployment or a Job tells of its failure. */
export interface Seen {
  readonly metadata: { readonly creationTimestamp: string };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state?: { readonly waiting?: { readonly reason: string }; readonly terminated?: object };
    }[];
  };
}

export interface ClusterFact {
  /** A collection of the API server. */
  readonly path: string;
  readonly isShown: (object: Seen) => boolean;
}

/** Resolves as soon as the cluster shows it. */
export async function shown(admin: Api, { path, isShown }: ClusterFact): Promise<void> {
  const show = async (): Promise<boolean> => {
    const { body } = await admin.request({ path });
    return ((body as { readonly items?: readonly Seen[] }).items ?? []).some(isShown);
  };
  await eventually(show, { what: `${path} shows it`, timeoutMs: 60_000, intervalMs: pollIntervalMs });
}

export const waitsFor =
  (...reasons: readonly string[]) =>
  ({ status }: Seen): boolean =>
    status?.containerStatuses?.some(({ state }) => reasons.includes(state?.waiting?.reason ?? '')) === true;

export const hasCondition =
  (type: string) =>
  ({ status }: Seen): boolean =>
    status?.conditions?.some((one) => one.type === type && one.status === 'True') === true;

const hasEndedAgain = ({ status }: Seen): boolean =>
  status?.containerStatuses?.some(({ state, restartCount }) => state?.terminated && restartCount > 0) ===
  true;

const unschedulableMs = 15_000;

/** A failure: what is wanted, and what the site is to say of which object once the cluster shows the fact. */
export interface Failure {
  readonly objects: readonly Manifest[];
  readonly name: string;
  readonly word: string;
  readonly fact: ClusterFact;
  /** It works for a moment before it fails. */
  readonly worksAtFirst?: boolean;
}

const pods = (home: string): string => `/api/v1/namespaces/${home}/pods`;
const web = (home: string, container: Container) => ({
  objects: [namespace(home), deployment(home, container)],
  name: 'web',
});

export const crashLoop: Failure = {
  ...web('crash', { args: ['fall'] }),
  word: 'ContainerCrashLooping',
  fact: { path: pods('crash'), isShown: (pod) => hasEndedAgain(pod) || waitsFor('CrashLoopBackOff')(pod) },
  worksAtFirst: true,
};

export const missingImage: Failure = {
  ...web('image', { image: 'tre.local/missing:1' }),
  word: 'ImageUnavailable',
  fact: { path: pods('image'), isShown: waitsFor('ErrImagePull', 'ImagePullBackOff') },
};

export const usedUpQuota: Failure = {
  objects: [namespace('quota'), fullQuota('quota'), deployment('quota', {})],
  name: 'web',
  word: 'QuotaExceeded',
  fact: {
    path: '/apis/apps/v1/namespaces/quota/deployments',
    isShown: hasCondition('ReplicaFailure'),
  },
};

export const unschedulable: Failure = {
  ...web('tight', { pod: { nodeSelector: { none: 'has-this' } } }),
  word: 'PodUnschedulable',
  fact: {
    path: pods('tight'),
    isShown: ({ metadata, status }) =>
      status?.conditions?.some(({ reason }) => reason === 'Unschedulable') === true &&
      Date.now() - Date.parse(metadata.creationTimestamp) >= unschedulableMs,
  },
};

export const failingJob: Failure = {
  objects: [namespace('job'), job('job', { args: ['fall'] })],
  name: 'once',
  word: 'JobFailed',
  fact: { path: '/apis/batch/v1/namespaces/job/jobs', isShown: hasCondition('Failed') },
};
