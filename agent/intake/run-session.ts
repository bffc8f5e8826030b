// Performs what the states of session.ts stand for: enrols, dials, talks, waits; and keeps what a person may want to know
// about it. Laws: nothing of the agent waits for this task; it ends only when it is stopped or when a machine without an
// identity was refused for good. Started by run.ts.
import type { Client } from '@grpc/grpc-js';
import { type BackoffPolicy, defaultBackoffPolicy } from '../../daemon/backoff.ts';
import type { Clock } from '../../daemon/clock.ts';
import type { Log } from '../../daemon/log.ts';
import type { Random } from '../../daemon/random.ts';
import { capability } from '../../proto/capability.ts';
import type { Condition } from '../../proto/conditions.ts';
import { outgoingCopy } from '../../proto/egress.ts';
import { type ErrorCode, TreError } from '../../proto/errors.ts';
import type { Site } from '../store/site.ts';
import type { AgentStore } from '../store/store.ts';
import type { Acceptance } from './accept.ts';
import { Certificate } from './certificate.ts';
import { dial, findAuthority } from './dial.ts';
import { codeOfFailure, detailOfFailure, foreignAuthority } from './failure.ts';
import type { SiteView } from './offer.ts';
import { firstState, next, type SessionEvent, type SessionState } from './session.ts';
import { type LookTimes, Stream } from './stream.ts';

export interface SessionDeps {
  readonly store: AgentStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly bootId: string;
  readonly agentVersion: string;
  /** UID of kube-system; null while the cluster was not seen. */
  readonly clusterUid: () => string | null;
  /** Our clock less that of the control plane, ms, at each Welcome. */
  readonly onClockOffset?: (offsetMs: number) => void;
  /** An offer was accepted or refused: the next run acts on it, or shows it. */
  readonly onVerdict: () => void;
  /** When the cluster and its health were looked at last; never, when not given. */
  readonly lookTimes?: () => LookTimes;
  readonly policy?: BackoffPolicy;
}

/** What the screen shows. `detail` is free text and stays on site. */
export interface SessionStatus {
  readonly kind: SessionState['kind'];
  /** What went wrong since the last Welcome; null when nothing did. */
  readonly trouble: { readonly code: ErrorCode; readonly detail: string } | null;
  /** The six words while approval is awaited. */
  readonly words: string | null;
  /** When the certificate of this site ends, ms UTC. */
  readonly expiresAtMs: number | null;
}

const neverLooked = (): LookTimes => ({ observedAtMs: 0, healthObservedAtMs: 0 });

export class Session {
  readonly #deps: SessionDeps;
  readonly #certificate: Certificate;
  #state: SessionState = firstState;
  #stream: Stream | undefined;
  #trouble: SessionStatus['trouble'] = null;
  /** Why a message could not be written down; the call that was given up for it says no more than that. */
  #unwritten: unknown;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#certificate = new Certificate(deps);
  }

  /** Runs until `signal` is aborted; resolves with a code when this machine will never get an identity. */
  async run(signal: AbortSignal): Promise<ErrorCode | undefined> {
    while (!signal.aborted && this.#state.kind !== 'offline') this.#apply(await this.#perform(signal));
    return this.#state.kind === 'offline' ? this.#state.code : undefined;
  }

  /** There is news in the outbox. */
  wake(): void {
    this.#stream?.wake();
  }

  /** What was refused may be accepted now: ends the stream, so that the next Hello says so. */
  comeAgain(): void {
    this.#stream?.leave();
  }

  status(): SessionStatus {
    const { kind } = this.#state;
    const { leaf, words } = this.#certificate;
    return { kind, trouble: this.#trouble, words, expiresAtMs: leaf?.notAfterMs ?? null };
  }

  /** What is the matter with the identity of this site. */
  conditions(): readonly Condition[] {
    return this.#certificate.isExpiring() ? [{ code: 'CertificateExpiring', count: 0 }] : [];
  }

  async #perform(signal: AbortSignal): Promise<SessionEvent> {
    try {
      switch (this.#state.kind) {
        case 'enrolling':
          return await this.#enrol(signal);
        case 'connecting':
        case 'streaming':
          return await this.#talk(signal);
        case 'backing-off':
          await this.#deps.clock.sleep(this.#state.untilMs - this.#deps.clock.monotonic(), signal);
          return { kind: 'waited' };
        case 'offline':
          return { kind: 'waited' };
      }
    } catch (error) {
      return this.#failed(error, signal);
    }
  }

  #apply(event: SessionEvent): void {
    const { clock, random, policy = defaultBackoffPolicy, log } = this.#deps;
    const before = this.#state.kind;
    this.#state = next(this.#state, event, { nowMs: clock.monotonic(), uniform: random.next(), policy });
    if (event.kind === 'welcomed') this.#trouble = null;
    if (this.#state.kind !== before)
      log.debug({ from: before, to: this.#state.kind, event: event.kind }, 'session');
  }

  async #enrol(signal: AbortSignal): Promise<SessionEvent> {
    if (await this.#certificate.isUsable()) return { kind: 'enrolled' };
    const { address, ca } = await this.#controlPlane(signal);
    const client = dial({ address, ca, identity: null, onSend: this.#keepCopy });
    try {
      const result = await this.#certificate.obtain({ client, ca }, signal);
      if (result.kind === 'refused') throw new TreError(result.code);
      this.#trouble = null;
      return result;
    } finally {
      client.close();
    }
  }

  /** One stream, from Hello to its end. */
  async #talk(signal: AbortSignal): Promise<SessionEvent> {
    const { address, ca } = await this.#controlPlane(signal);
    const identity = this.#certificate.leaf ?? null;
    const onSend = (path: string, bytes: Uint8Array): void => {
      this.#keepCopy(path, bytes);
      this.#stream?.left();
    };
    const client = dial({ address, ca, identity, onSend });
    this.#stream = this.#openStream(client, ca);
    try {
      const end = await this.#stream.run(signal);
      if (end.kind === 'retry') return end;
      throw new TreError(end.kind === 'revoked' ? 'SITE_REVOKED' : 'CONTROL_PLANE_UNREACHABLE');
    } finally {
      this.#stream = undefined;
      client.close();
      if (this.#isStreaming()) this.#deps.store.site.setContact(this.#deps.clock.now());
    }
  }

  /** Nothing leaves that the ledger does not show. */
  readonly #keepCopy = (path: string, bytes: Uint8Array): void => {
    const { name, body } = outgoingCopy(path, bytes);
    try {
      this.#deps.store.ledger.add(name, body, this.#deps.clock.now());
      this.#unwritten = undefined;
    } catch (error) {
      this.#unwritten = error;
      throw error;
    }
  };

  #openStream(client: Client, ca: Uint8Array): Stream {
    const { store, clock, log, bootId, agentVersion, onVerdict, lookTimes = neverLooked } = this.#deps;
    return new Stream({
      client,
      store,
      clock,
      bootId,
      agentVersion,
      view: () => this.#view(),
      lookTimes,
      onWelcome: (clockOffsetMs) => {
        if (clockOffsetMs !== undefined) this.#deps.onClockOffset?.(clockOffsetMs);
        this.#apply({ kind: 'welcomed' });
        store.site.setContact(clock.now());
        if (this.#site().revokedAtMs !== null) store.site.setRevoked(null);
        log.info({ site: this.#site().id }, 'connected');
      },
      onJudged: (acceptance) => {
        logAcceptance(log, acceptance);
        if (acceptance.kind !== 'nothing') onVerdict();
      },
      onHeartbeat: async (signal) => {
        store.site.setContact(clock.now());
        await this.#certificate.renewWhenDue({ client, ca }, signal);
      },
    });
  }

  /** Where to dial and whom to trust: the pinned CA (DER) is known, or found by its digest at the other side. */
  async #controlPlane(signal: AbortSignal): Promise<{ readonly address: string; readonly ca: Uint8Array }> {
    const { address, ca, caDigest } = this.#site();
    if (ca !== null) return { address, ca };
    const presented = await findAuthority(address, caDigest, signal);
    if (!presented.ok) throw foreignAuthority(presented.issuer);
    this.#deps.store.site.setCa(presented.ca);
    return { address, ca: presented.ca };
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<SessionEvent> {
    if (signal.aborted) return { kind: 'waited' };
    const { log } = this.#deps;
    const cause = this.#unwritten ?? (await this.#explain(error, signal));
    this.#unwritten = undefined;
    const code = codeOfFailure(cause);
    const detail = detailOfFailure(cause);
    this.#trouble = { code, detail };
    if (code === 'SITE_REVOKED') this.#noteRevoked();
    log.warn({ code, detail }, 'the control plane cannot be worked with');
    return { kind: 'failed', code, hasIdentity: this.#certificate.leaf !== undefined };
  }

  /** Since when, not when it was said last. A disk that takes nothing ends no session: the next answer says the same. */
  #noteRevoked(): void {
    const { store, clock, log } = this.#deps;
    try {
      if (this.#site().revokedAtMs === null) store.site.setRevoked(clock.now());
    } catch (error) {
      log.error({ error }, 'that the site was revoked could not be written down');
    }
  }

  /** A connection that fails may meet a proxy with a certificate of its own: worth a look, for then somebody can help. */
  async #explain(error: unknown, signal: AbortSignal): Promise<unknown> {
    const site = this.#deps.store.site.read();
    if (site === undefined || this.#isStreaming() || codeOfFailure(error) !== 'CONTROL_PLANE_UNREACHABLE')
      return error;
    const presented = await findAuthority(site.address, site.caDigest, signal).catch(() => undefined);
    return presented?.ok === false ? foreignAuthority(presented.issuer) : error;
  }

  #isStreaming(): boolean {
    return this.#state.kind === 'streaming';
  }

  #site(): Site {
    const site = this.#deps.store.site.read();
    if (site === undefined) throw new TreError('NOT_JOINED');
    return site;
  }

  #view(): SiteView {
    const { clock, clusterUid, store } = this.#deps;
    const { id, director, keyset } = this.#site();
    const nowMs = clock.now();
    const isHeld = store.holds.current(nowMs) !== undefined;
    return { siteId: id, clusterUid: clusterUid(), director, keyset, capability, isHeld, nowMs };
  }
}

function logAcceptance(log: Log, acceptance: Acceptance): void {
  if (acceptance.kind === 'accepted')
    log.info({ generation: acceptance.document.generation }, 'accepted a document');
  if (acceptance.kind !== 'refused') return;
  const { code, generation } = acceptance.refusal;
  log.warn({ code, generation }, 'refused a document');
}
