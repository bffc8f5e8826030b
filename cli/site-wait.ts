// `trectl site wait`: stays until a site has applied what is wanted, or until it is healthy with it, and says on stderr
// what it waits for. Ends when the site refuses what is wanted or is withdrawn. `site rollback --wait` does the same.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { isErrorCode, TreError } from '../proto/errors.ts';
import type { SiteDetailAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { secondText } from './moments.ts';
import type { OutputFormat } from './output.ts';
import { patiently } from './patience.ts';
import type { RestClient } from './rest.ts';
import { connect } from './server.ts';
import { appliedOf, dated, healthOf, releaseText, troubleOf } from './site-words.ts';

const goals = ['applied', 'healthy'] as const;
type Goal = (typeof goals)[number];

export interface WaitOptions {
  /** `/v1/sites/NAME` */
  readonly path: string;
  /** To be reached; the newest one when not given. */
  readonly generation?: number;
  readonly wanted: Goal;
  readonly timeoutMs: number;
}

const pollMs = 1_000;
const silenceMs = 15_000;
/** However short the time, an answer is waited for as long as this. */
const leastLookMs = 1_000;

export function registerSiteWait(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('wait')
    .argument('<site>', 'name or id')
    .description('stay until a site has applied what is wanted and is healthy')
    .addOption(new Option('--for <goal>', 'what to wait for').choices(goals).default('healthy'))
    .addOption(timeoutOption())
    .addHelpText('after', '\nExample:\n  $ trectl site wait leeds --timeout 30m')
    .action(async (site: string, options: { for: Goal; timeout: number }) => {
      using client = await connect(context);
      const path = `/v1/sites/${encodeURIComponent(site)}`;
      await waitForSite(context, client, { path, wanted: options.for, timeoutMs: options.timeout });
    });
}

export function timeoutOption(): Option {
  return new Option('--timeout <time>', 'how long to wait, such as 90s or 30m')
    .argParser(durationMs)
    .default(durationMs('10m'), '10m');
}

/** What people do next when a site has been told something. */
export function sayHowToWait(context: CommandContext, output: OutputFormat, site: string): void {
  if (output === 'table' || output === 'wide') context.err(`Next: trectl site wait ${site}`);
}

/** Throws TreError with the code of the refusal, or STILL_WAITING when the time is over. */
export async function waitForSite(
  context: CommandContext,
  client: RestClient,
  { path, generation, wanted, timeoutMs }: WaitOptions,
): Promise<void> {
  const { clock, signal } = context;
  const endsAt = clock.monotonic() + timeoutMs;
  const over = new AbortController();
  const ending = AbortSignal.any([signal, over.signal]);
  let late = `The control plane did not say how ${decodeURIComponent(path.slice(path.lastIndexOf('/') + 1))} is.`;
  const giveUp = (): void => over.abort(new TreError('STILL_WAITING', late));
  void clock.sleep(Math.max(timeoutMs, leastLookMs), ending).then(giveUp, () => undefined);
  let refusal: string | undefined;
  let told = '';
  const tell = (line: string): void => {
    if (line !== told) context.err(`${secondText(clock.now())}  ${line}`);
    told = line;
  };
  const onSilence = (): void => tell('no answer from the control plane');
  const look = () => client.call<SiteDetailAnswer>('GET', path, undefined, { silenceMs, signal: ending });
  try {
    for (;;) {
      const site = await patiently(look, { clock, signal: ending, onSilence });
      const goal = generation ?? site.desired?.generation ?? 0;
      refusal = refusedTwice(site, goal, refusal);
      tell(standing(site));
      if (isThere(site, goal, wanted)) return;
      late = `${site.name} is not ${wanted}.`;
      if (clock.monotonic() > endsAt) giveUp();
      await clock.sleep(pollMs, ending);
    }
  } finally {
    over.abort();
  }
}

function isThere({ state, verdict }: SiteDetailAnswer, goal: number, wanted: Goal): boolean {
  if (state === null || goal === 0 || state.generation < goal || !state.applied || !verdict.isNews)
    return false;
  return wanted === 'applied' || verdict.word === 'healthy';
}

/**
 * The code of a refusal that the next look has to confirm: a hold that has just been released is told for a moment more.
 * Throws TreError with the code of any other.
 */
function refusedTwice(
  { refused, held, name, revokedAt }: SiteDetailAnswer,
  goal: number,
  before: string | undefined,
): string | undefined {
  if (revokedAt !== null) throw new TreError('SITE_REVOKED', `The identity of ${name} was withdrawn.`);
  if (refused === null || refused.generation < goal || (held?.generation ?? 0) >= goal) return undefined;
  const { code, text, generation } = refused;
  if (!isErrorCode(code) || (code === 'SITE_HELD' && before !== code)) return code;
  throw new TreError(code, `${name} refused generation ${generation}. ${text}`);
}

/** With dates, not ages: it changes only when something did. */
function standing(site: SiteDetailAnswer): string {
  const { desired, state, name } = site;
  if (desired === null) return `${name}: nothing was assigned yet`;
  const trouble = troubleOf(site);
  const parts = [
    `applied ${dated(appliedOf(site))}`,
    `healthy ${dated(healthOf(site))}`,
    ...(trouble.text === '-' ? [] : [dated(trouble)]),
  ];
  return `${name}: generation ${state?.generation ?? 0} of ${desired.generation} (${releaseText(desired.release)}), ${parts.join(', ')}`;
}

/** `90s`, `30m`, `2h` -> milliseconds. */
function durationMs(text: string): number {
  const [, number, unit] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('It must be a time such as 90s, 30m or 2h.');
  return Number(number) * (unit === 's' ? 1_000 : unit === 'm' ? 60_000 : 3_600_000);
}
