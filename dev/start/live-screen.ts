// The live table of `npm start`: the parts on this machine, the site, what is the matter in words, what happened last.
// Invariant: as in every screen of ours, what is not news stands with its age. PURE. Drawn by live.ts.
import type { EventAnswer, SiteDetailAnswer } from '../../cli/answers.ts';
import { eventText } from '../../cli/event-words.ts';
import { agoText, momentText, secondText } from '../../cli/moments.ts';
import { factLines } from '../../cli/output.ts';
import type { Paint, Tone } from '../../cli/paint.ts';
import {
  appliedOf,
  asItWas,
  driftOf,
  generationOf,
  gravestFirst,
  healthOf,
  holdOf,
  isolationOf,
  newsOf,
  readAt,
  releaseText,
  runningOf,
  type Said,
  severityTones,
  spoken,
} from '../../cli/site-words.ts';
import { type Column, tableText } from '../../cli/table.ts';
import { printable, wrapped } from '../../cli/wrap.ts';

/** One process or machine of the fleet on this computer. */
export interface Part {
  readonly name: string;
  readonly words: string;
  readonly tone: Tone;
  /** Milliseconds since 1970; null where that cannot be said. */
  readonly sinceMs: number | null;
}

export interface LiveFacts {
  readonly nowMs: number;
  readonly parts: readonly Part[];
  /** As answered last; null before the first answer, and when there is no such site any more. */
  readonly site: SiteDetailAnswer | null;
  /** What the control plane answers instead of the site, in words and with what to do; null while it shows the site. */
  readonly problem: string | null;
  /** When that was; milliseconds since 1970. */
  readonly answeredAtMs: number;
  /** Oldest first. */
  readonly events: readonly EventAnswer[];
}

export interface LiveLook {
  readonly width: number;
  readonly rows: number;
  readonly paint: Paint;
}

const shownEvents = 5;

/** Lines that fit `rows`; the oldest events give way first. */
export function liveScreen(facts: LiveFacts, look: LiveLook): readonly string[] {
  const above = [...partLines(facts.parts, look), '', ...siteLines(facts, look)];
  const shown = newestThatFit(
    eventLines(facts.events.slice(-shownEvents), look),
    look.rows - above.length - 3,
  );
  return shown.length === 0 ? above : [...above, '', 'What happened last:', ...shown];
}

/** Whole events, oldest first. */
function newestThatFit(events: readonly (readonly string[])[], room: number): readonly string[] {
  const shown: string[] = [];
  for (const lines of events.toReversed()) {
    if (shown.length + lines.length > room) break;
    shown.unshift(...lines);
  }
  return shown;
}

function partLines(parts: readonly Part[], { paint }: LiveLook): readonly string[] {
  const columns: readonly Column<Part>[] = [
    { title: 'part', value: ({ name }) => name },
    { title: 'since', value: ({ sinceMs }) => (sinceMs === null ? '-' : secondText(sinceMs)) },
    { title: 'state', value: ({ words }) => words, tone: ({ tone }) => tone },
  ];
  return tableText(columns, parts, paint).split('\n');
}

function siteLines(facts: LiveFacts, look: LiveLook): readonly string[] {
  const { problem } = facts;
  if (problem === null) return factsOfSite(facts, look);
  const said = wrapped(look.paint('bad', printable(problem)), look.width, '  ').split('\n');
  return facts.site === null ? said : [...said, '', ...factsOfSite(facts, look)];
}

function factsOfSite({ site: answered, nowMs, answeredAtMs }: LiveFacts, look: LiveLook): readonly string[] {
  if (answered === null) return ['The site has not been asked about yet.'];
  const site = printable(readAt(answered, nowMs)) as SiteDetailAnswer;
  const { paint, width } = look;
  const said = (fact: Said): string => paint(fact.tone, spoken(fact, nowMs));
  const { desired, state, contact } = site;
  const hold = holdOf(site, nowMs);
  const facts = factLines(
    [
      ['site', `${paint('strong', site.name)}, as of ${secondText(answeredAtMs)}`],
      [
        'wanted',
        desired === null
          ? 'nothing yet'
          : `${releaseText(desired.release)}, generation ${desired.generation}`,
      ],
      ['running', `${said(runningOf(site))}, generations ${said(generationOf(site))}`],
      ['applied', state === null ? '-' : `${said(appliedOf(site))}, ${state.objectsWanted} objects wanted`],
      ['healthy', healthText(site, said(healthOf(site)))],
      ['drift', said(driftOf(site))],
      ['isolation', `network policies ${said(isolationOf(site))}`],
      ['hold', hold.text === '-' ? '' : said(hold)],
      [
        'contact',
        `${said(newsOf(site))}${contact.lastAt === null ? '' : `, heard ${agoText(contact.lastAt, nowMs)}`}`,
      ],
    ],
    width,
  );
  return [...facts.split('\n'), ...troubleLines(site, { ...look, nowMs })];
}

/** What cannot be said in a word is said in the words of the control plane. */
function healthText({ verdict }: SiteDetailAnswer, said: string): string {
  const isClear = verdict.word !== 'unknown' && verdict.word !== 'new' && verdict.asOf !== null;
  return isClear ? said : `${said}: ${verdict.text}`;
}

function troubleLines(
  site: SiteDetailAnswer,
  { paint, width, nowMs }: LiveLook & { readonly nowMs: number },
): readonly string[] {
  const conditions = gravestFirst(site.state?.conditions ?? []).map(({ severity, text, code, since }) =>
    wrapped(
      `${paint(severityTones[severity] ?? 'plain', text)} (${code}, since ${momentText(since, nowMs)})`,
      width,
      '  ',
    ),
  );
  const objects = site.unhealthy.map(({ object, reason, text, status }) => {
    const name = object === null ? 'an object' : `${object.kind} ${object.namespace ?? ''}/${object.name}`;
    return wrapped(`${name}: ${paint(status === 'failed' ? 'bad' : 'warn', text)} (${reason})`, width, '  ');
  });
  const lines = [...conditions, ...objects].flatMap((text) => text.split('\n'));
  return lines.length === 0 ? [] : ['', ...asItWas(site, nowMs), ...lines];
}

function eventLines(
  events: readonly EventAnswer[],
  { width, paint }: LiveLook,
): readonly (readonly string[])[] {
  return events.map((event) => eventText(event, { width, paint, isWide: false }).split('\n'));
}
