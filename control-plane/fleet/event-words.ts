// An event in words: code, sentence, next step, facts. PURE. One place for all that show events, so that an alert, a
// list and a log say the same. A sentence says how things were when the event was stored, never how they are.
import { conditions } from '../../proto/conditions.ts';
import { errors } from '../../proto/errors.ts';
import type { News } from './news.ts';
import type { ContactClass } from './staleness.ts';
import { minuteText, timeText } from './time-text.ts';

export type Facts = Readonly<Record<string, string | number | boolean | null>>;

export function phaseOf(news: News): 'began' | 'ended' | null {
  return news.kind === 'condition' || news.kind === 'hold' ? news.phase : null;
}

export function codeOf(news: News): string | null {
  switch (news.kind) {
    case 'condition':
    case 'refusal':
      return news.code;
    case 'health':
      return news.word;
    case 'contact':
      return news.class;
    default:
      return null;
  }
}

export function nextOf(news: News): string | null {
  if (news.kind === 'refusal') return errors[news.code].next;
  if (news.kind === 'condition') return news.phase === 'began' ? conditions[news.code].next : null;
  return news.kind === 'contact' ? contactNext[news.class] : null;
}

export function textOf(news: News): string {
  switch (news.kind) {
    case 'refusal':
      return `generation ${news.generation} was refused: ${errors[news.code].text}`;
    case 'run':
      return runText(news);
    case 'condition':
      return news.phase === 'began' ? conditions[news.code].text : `Ended: ${conditions[news.code].text}`;
    case 'health':
      return news.text;
    case 'contact':
      return news.class === 'live' && news.before !== null
        ? 'The site was heard of again.'
        : contactText[news.class];
    case 'hold':
      return news.phase === 'began'
        ? `New releases were put on hold until ${minuteText(news.untilMs)}.`
        : 'The hold has ended.';
    default:
      return operatorText(news);
  }
}

type ByOperator = Extract<News, { readonly who: string }>;

function operatorText(news: ByOperator): string {
  switch (news.kind) {
    case 'assigned':
      return `${news.release.name}@${news.release.version} was assigned as generation ${news.generation} by ${news.who}.`;
    case 'joined':
      return `Machine ${news.agent} of the site was approved by ${news.who}.`;
    case 'revoked':
      return `The identity of the site was withdrawn by ${news.who}.`;
    case 'renamed':
      return `${news.from} was renamed to ${news.to} by ${news.who}.`;
    case 'deleted':
      return `${news.name} was deleted by ${news.who}.`;
  }
}

function runText({ applied, repaired, deleted, failed }: Extract<News, { kind: 'run' }>): string {
  const counts = { applied, repaired, deleted, failed };
  const said = Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
  return said.length === 0 ? 'a run changed nothing' : said.join(', ');
}

/** The rest of an event, by name; times as texts. */
export function factsOf(news: News): Facts {
  const shown: Record<string, string | number | boolean | null> = {};
  for (const [name, value] of Object.entries(news)) {
    if (spoken.has(name)) continue;
    if (name === 'release') shown[name] = releaseText(news);
    else if (name.endsWith('Ms')) shown[name.slice(0, -2)] = timeOrNull(value);
    else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      shown[name] = value;
    else if (value === null) shown[name] = null;
  }
  return shown;
}

/** Fields that stand beside the facts. */
const spoken: ReadonlySet<string> = new Set(['kind', 'phase', 'code', 'text', 'word', 'class']);

function releaseText(news: News): string | null {
  return news.kind === 'assigned' ? `${news.release.name}@${news.release.version}` : null;
}

function timeOrNull(ms: unknown): string | null {
  return typeof ms === 'number' ? timeText(ms) : null;
}

const contactText: Readonly<Record<ContactClass | 'withdrawn', string>> = {
  live: 'The site was heard of.',
  stale: 'Nothing was heard of the site for more than 90 s.',
  offline: 'Nothing was heard of the site for more than 15 min.',
  expired: 'The certificate of the site has run out.',
  withdrawn: 'The site is not waited for any more: its identity was withdrawn.',
};

const contactNext: Readonly<Record<ContactClass | 'withdrawn', string | null>> = {
  live: null,
  stale: 'Wait: what runs there goes on, and it reports later.',
  offline: 'Look at the network and at the machine; what runs there goes on by itself.',
  expired: 'Bring back the connection: the agent renews the certificate by itself.',
  withdrawn: null,
};
