// The certificate of this machine over its whole life: the first one, its renewals, and what a person asks about it.
// Laws: it is renewed at half life while connected, and whenever it has ended, for the device key never ends; a renewal
// that fails is tried again later, for the present one is good for as long again. Called by run-session.ts.
import type { Client } from '@grpc/grpc-js';
import type { Clock } from '../../daemon/clock.ts';
import type { Log } from '../../daemon/log.ts';
import type { Random } from '../../daemon/random.ts';
import type { AgentStore } from '../store/store.ts';
import {
  deviceFingerprint,
  deviceKey,
  type EnrolResult,
  enrol,
  type Leaf,
  readLeaf,
  renew,
  renewAtMs,
} from './enrol.ts';

export interface CertificateDeps {
  readonly store: Pick<AgentStore, 'site' | 'keys'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A channel to the enrolment service and the CA (DER) that it was checked against. */
export interface CheckedChannel {
  readonly client: Client;
  readonly ca: Uint8Array;
}

/** A certificate that ends sooner than this is renewed before it is used. */
const soonMs = 60_000;
const renewAgainMs = 600_000;
/** A certificate that ends sooner than this, and that was to be renewed long ago, is worth a person's attention. */
const attentionMs = 2 * 24 * 3_600_000;

export class Certificate {
  readonly #deps: CertificateDeps;
  #leaf: Leaf | undefined;
  #renewAtMs = 0;
  #dueAtMs = 0;
  #words: string | null = null;

  constructor(deps: CertificateDeps) {
    this.#deps = deps;
  }

  /** The certificate on disk, if there is any. */
  get leaf(): Leaf | undefined {
    return this.#leaf;
  }

  /** The six words of this machine while approval is awaited. */
  get words(): string | null {
    return this.#words;
  }

  /** Looks at the disk. True when there is a certificate that can be used now. */
  async isUsable(): Promise<boolean> {
    await this.#read();
    return this.#leaf !== undefined && this.#leaf.notAfterMs - this.#deps.clock.now() > soonMs;
  }

  /** It runs out soon, and its renewal failed or could not be tried for a quarter of the time that it had. */
  isExpiring(): boolean {
    if (this.#leaf === undefined) return false;
    const [nowMs, { notAfterMs }] = [this.#deps.clock.now(), this.#leaf];
    const hasFailed = this.#renewAtMs > this.#dueAtMs && nowMs >= this.#dueAtMs;
    const isLate = nowMs > this.#dueAtMs + (notAfterMs - this.#dueAtMs) / 4;
    return notAfterMs - nowMs <= attentionMs && (hasFailed || isLate);
  }

  /** One step towards a usable certificate. Throws as `enrol`. */
  async obtain(channel: CheckedChannel, signal: AbortSignal): Promise<EnrolResult> {
    const deps = { ...this.#deps.store, ...channel };
    if (this.#leaf !== undefined) {
      await renew(deps, signal);
      await this.#read();
      return { kind: 'enrolled' };
    }
    this.#words = deviceFingerprint(await deviceKey(deps.keys));
    const result = await enrol(deps, signal);
    if (result.kind === 'enrolled') {
      this.#words = null;
      await this.#read();
    }
    return result;
  }

  /** Renews at half life; never throws. */
  async renewWhenDue(channel: CheckedChannel, signal: AbortSignal): Promise<void> {
    const { clock, store, log } = this.#deps;
    if (this.#leaf === undefined || clock.now() < this.#renewAtMs) return;
    try {
      await renew({ ...store, ...channel }, signal);
      await this.#read();
      log.info({ site: store.site.read()?.id }, 'certificate renewed');
    } catch (error) {
      this.#renewAtMs = clock.now() + renewAgainMs;
      log.warn({ error }, 'the certificate could not be renewed yet');
    }
  }

  async #read(): Promise<void> {
    this.#leaf = await readLeaf(this.#deps.store.keys);
    if (this.#leaf === undefined) return;
    this.#dueAtMs = renewAtMs(this.#leaf, this.#deps.random.next());
    this.#renewAtMs = this.#dueAtMs;
  }
}
