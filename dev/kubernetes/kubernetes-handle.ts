// What whoever needs a Kubernetes gets: addresses, credentials, and how to stop it. Types only; the two makers are
// start-kubernetes.ts (our own parts) and existing-kubernetes.ts (a cluster that somebody else runs).
import type { Api } from './api.ts';
import type { ServerPart } from './command-lines.ts';
import type { NodePart } from './node/node-parts.ts';
import type { RealNode } from './node/real-node.ts';
import type { Ports } from './ports.ts';

export interface KubernetesOptions {
  /** Made when missing; absolute. */
  readonly dataDir: string;
  /** Ends the start, not what was started. */
  readonly signal: AbortSignal;
  /** Progress for people: what is built, started, simulated, or ended by itself. */
  readonly log: (line: string) => void;
  /**
   * `real`: containers run; needs root. `simulated`: pods become Ready and Jobs complete, but nothing runs.
   * true: a real one where this machine can, else a simulated one, and `log` says why. Without one pods stay Pending.
   */
  readonly node?: WantedNode;
  /** API groups of custom resources that the agent will apply; `grantAgent` adds more later. */
  readonly agentGroups?: readonly string[];
  readonly ports?: Partial<Ports>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export type WantedNode = boolean | 'real' | 'simulated';
/** `its-own`: the nodes of a cluster that somebody else runs. */
export type NodeKind = 'real' | 'simulated' | 'none' | 'its-own';

export interface Kubernetes extends AsyncDisposable {
  /** `https://127.0.0.1:PORT` */
  readonly serverUrl: string;
  readonly caFile: string;
  /** system:masters, for tests and people. */
  readonly adminKubeconfig: string;
  /** User `tre-agent` with a client certificate and the rights of agent-rights.ts. */
  readonly agentKubeconfig: string;
  readonly kubectl: string;
  readonly node: NodeKind;
  /** Pods are shown as running, but no container runs. */
  readonly simulatedNode: boolean;
  /** JSON in and out as administrator. */
  readonly admin: Api;
  /** Lets the agent apply these API groups too. */
  grantAgent(customGroups: readonly string[], signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** A Kubernetes of our own, whose parts can be looked into and killed. */
export interface LocalKubernetes extends Kubernetes {
  readonly dataDir: string;
  readonly ports: Ports;
  /** One JSON event (audit.k8s.io/v1, level Metadata) per line. */
  readonly auditLogFile: string;
  /** Process ids of the running parts. */
  pids(): Partial<Record<ServerPart | NodePart, number>>;
  /** Its parts, its namespaces and its images; null without a real node. */
  readonly realNode: RealNode | null;
  /** `/proc/PID/ns/net` of the network that the pods are in, for `nsenter --net=`; null without a real node. */
  readonly nodeNamespace: string | null;
  readonly apiServer: {
    /** kill -9. */
    kill(): Promise<void>;
    /** Starts it again on the same data and port; resolves when it is ready. */
    start(signal: AbortSignal): Promise<void>;
  };
}
