// One trial to hand over one alert: a signed POST, ten seconds, no redirects, the answer's body unread. Taken is any 2xx.
// What went wrong is said in a word or two without address or body, for either may hold a secret. Called by alerts.ts.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../../daemon/clock.ts';
import { systemCode } from '../../daemon/errors.ts';
import { type Alert, alertSignature } from './alert-body.ts';
import type { AlertTarget } from './target.ts';

export type Delivery = { readonly taken: true } | { readonly taken: false; readonly why: string };

const timeoutMs = 10_000;

/** Never rejects, unless `signal` is aborted. */
export async function deliver(
  target: AlertTarget,
  alert: Alert,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Delivery> {
  const body = JSON.stringify(alert);
  const timestamp = String(Math.floor(clock.now() / 1000));
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'tre-control-plane',
    'x-tre-timestamp': timestamp,
    'x-tre-signature': alertSignature(target.secret, timestamp, body),
  };
  const over = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const status = await post(target, { headers, body, signal: over });
    return status >= 200 && status < 300 ? { taken: true } : { taken: false, why: `it answered ${status}` };
  } catch (error) {
    signal.throwIfAborted();
    if (over.aborted) return { taken: false, why: `no answer within ${timeoutMs / 1000} s` };
    return { taken: false, why: systemCode(error) ?? 'the connection broke' };
  }
}

function post(
  { url, ca }: AlertTarget,
  { headers, body, signal }: { headers: Record<string, string | number>; body: string; signal: AbortSignal },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers, signal, agent: false };
    const answered = (response: IncomingMessage): void => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    };
    const call =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, ...(ca === undefined ? {} : { ca }) }, answered)
        : httpRequest(url, options, answered);
    call.on('error', reject);
    // An answer that is none, such as a change of protocol, ends the call with neither an answer nor an error.
    call.on('close', () => reject(new Error('closed')));
    call.end(body);
  });
}
