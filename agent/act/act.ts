// Runs the steps of one plan: local ones first, then requests side by side. Does only; every choice was made in the
// plan. Invariants: a first contact is marked durably before it is sent; what the server has accepted is recorded even
// when the rest fails or the run is aborted; after a failure that all others would share, nothing more is begun.
// Called by agent/reconcile.ts.
import type { Clock } from '../../daemon/clock.ts';
import type { Random } from '../../daemon/random.ts';
import type { ClusterApi } from '../cluster/api.ts';
import type { Discovery } from '../cluster/discovery.ts';
import type { Step, StepResult } from '../plan/step.ts';
import type { Attempt, ObjectId } from '../plan/world.ts';
import { applyObject } from './apply.ts';
import type { Done } from './outcome.ts';
import type { AppliedFacts, FailedFacts, InventoryStore, ObjectBytes } from './ports.ts';
import { deleteObject, withdraw } from './remove.ts';
import { endsBatch, fightDelayMs, objectDelayMs } from './retry.ts';

export interface ActorOptions {
  readonly api: ClusterApi;
  readonly discovery: Pick<Discovery, 'kinds'>;
  readonly store: InventoryStore;
  readonly content: ObjectBytes;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Actor {
  /** Results of the steps that were begun. Throws what the store throws, and the signal's reason when it is aborted. */
  readonly act: (
    steps: readonly Step[],
    releaseDigest: string,
    signal: AbortSignal,
  ) => Promise<readonly StepResult[]>;
}

export function createActor(options: ActorOptions): Actor {
  const repairs: Repairs = new Map();
  return {
    act: (steps, releaseDigest, signal) => new Batch(options, releaseDigest, repairs).run(steps, signal),
  };
}

/** Per object: how often in a row, and when last on the monotonic clock. Lost with the process, which is harmless. */
type Repairs = Map<ObjectId, { readonly count: number; readonly atMs: number }>;

type RemoteStep = Extract<Step, { readonly kind: 'apply' | 'delete' | 'withdraw' }>;

/** As many as the connection takes at a time; more would only hold bytes in memory. */
const workerCount = 32;
const recordEvery = 100;
/** A repair counts as one in a row when the one before was less than this ago. */
const fightWindowMs = 600_000;

class Batch {
  readonly #options: ActorOptions;
  readonly #releaseDigest: string;
  readonly #repairs: Repairs;
  readonly #applied = new Map<ObjectId, AppliedFacts>();
  readonly #failed = new Map<ObjectId, FailedFacts>();
  readonly #disowned: ObjectId[] = [];
  readonly #results: StepResult[] = [];
  #attempts: ReadonlyMap<ObjectId, Attempt> | undefined;
  #over = false;

  constructor(options: ActorOptions, releaseDigest: string, repairs: Repairs) {
    this.#options = options;
    this.#releaseDigest = releaseDigest;
    this.#repairs = repairs;
  }

  async run(steps: readonly Step[], signal: AbortSignal): Promise<readonly StepResult[]> {
    this.#runLocal(steps);
    const remote = steps.filter((step): step is RemoteStep => 'object' in step);
    const firstContacts = remote.filter((step) => step.kind === 'apply' && step.uid === null);
    if (firstContacts.length > 0)
      this.#options.store.markCreating(firstContacts.map(({ object }) => object.id));
    const queue = remote.values();
    const work = async (): Promise<void> => {
      for (const step of queue) {
        if (this.#over || signal.aborted) return;
        this.#finish(step, await this.#execute(step, signal));
      }
    };
    try {
      const workers = await Promise.allSettled(
        Array.from({ length: Math.min(workerCount, remote.length) }, work),
      );
      for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
      signal.throwIfAborted();
    } finally {
      this.#record();
    }
    return this.#results;
  }

  #runLocal(steps: readonly Step[]): void {
    const { store } = this.#options;
    const kept = steps.flatMap((step) => (step.kind === 'keep' ? step.id : []));
    const forgotten = steps.flatMap((step) => (step.kind === 'forget' ? step.id : []));
    for (const step of steps) if (step.kind === 'intend') store.intend(step.objects, this.#releaseDigest);
    if (kept.length > 0) store.keep(kept);
    if (forgotten.length > 0) store.forget(forgotten);
    for (const step of steps) if (!('object' in step)) this.#results.push({ step, ok: true });
  }

  #execute(step: RemoteStep, signal: AbortSignal): Promise<Done> {
    const { api, discovery, content } = this.#options;
    const context = { api, kinds: discovery.kinds, content };
    switch (step.kind) {
      case 'apply':
        return applyObject(step, context, signal);
      case 'delete':
        return deleteObject(step, context, signal);
      case 'withdraw':
        return withdraw(step, context, signal);
    }
  }

  #finish(step: RemoteStep, done: Done): void {
    if (done.ok) {
      this.#results.push({ step, ok: true });
      if (step.kind === 'apply' && done.applied !== undefined) this.#noteApplied(step, done.applied);
      if (this.#applied.size >= recordEvery) this.#record();
      return;
    }
    const { code, detail, retryAfterMs } = done;
    this.#results.push({ step, ok: false, code, detail, retryAfterMs });
    if (done.disowned) this.#disowned.push(step.object.id);
    else this.#noteFailed(step, done);
  }

  #noteFailed(step: RemoteStep, { code, retryAfterMs }: Done & { readonly ok: false }): void {
    if (endsBatch(code)) this.#over = true;
    const { id } = step.object;
    const digest = step.kind === 'apply' ? step.object.digest : step.digest;
    this.#attempts ??= this.#options.store.attempts();
    const before = this.#attempts.get(id);
    const count = before?.digest === digest ? before.count + 1 : 1;
    const delayMs = objectDelayMs(code, count, this.#options.random.next());
    if (delayMs !== null) this.#hold(id, { digest, code, delayMs: Math.max(delayMs, retryAfterMs ?? 0) });
  }

  #noteApplied(
    { object, reason }: RemoteStep & { readonly kind: 'apply' },
    facts: Pick<AppliedFacts, 'uid' | 'ownHash'>,
  ): void {
    const { id, digest, immutableDigest, index } = object;
    this.#applied.set(id, { ...facts, digest, immutableDigest, index, releaseDigest: this.#releaseDigest });
    if (reason !== 'repair') return;
    const atMs = this.#options.clock.monotonic();
    const before = this.#repairs.get(id);
    const count = before !== undefined && atMs - before.atMs < fightWindowMs ? before.count + 1 : 1;
    this.#repairs.set(id, { count, atMs });
    const delayMs = fightDelayMs(count, this.#options.random.next());
    if (delayMs !== null) this.#hold(id, { digest, code: 'OBJECT_CONFLICT', delayMs });
  }

  #hold(
    id: ObjectId,
    { digest, code, delayMs }: Pick<FailedFacts, 'digest' | 'code'> & { readonly delayMs: number },
  ): void {
    this.#failed.set(id, { digest, code, notBefore: this.#options.clock.now() + delayMs });
  }

  /** Applies first: they clear the attempts of their objects, and a hold after a repair shall stay. */
  #record(): void {
    const { store } = this.#options;
    if (this.#applied.size > 0) store.recordApplied(this.#applied);
    if (this.#failed.size > 0) store.recordFailed(this.#failed);
    if (this.#disowned.length > 0) store.forget(this.#disowned.splice(0));
    this.#applied.clear();
    this.#failed.clear();
  }
}
