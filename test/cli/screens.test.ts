// The screens of the operator, as text files beside this one: at 80 and at 160 columns, with and without colours. And
// the law behind them: whatever a site is like, nothing that is not news is shown without its age.

import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import type { SiteDetailAnswer } from '../../cli/answers.ts';
import { auditText } from '../../cli/audit.ts';
import { eventText } from '../../cli/event-words.ts';
import { createFrame } from '../../cli/frame.ts';
import { printTable } from '../../cli/output.ts';
import { displayWidth, painter, withoutColour } from '../../cli/paint.ts';
import { releaseColumns } from '../../cli/release-list.ts';
import { chosenFacts, siteColumns } from '../../cli/site-columns.ts';
import { sitePage } from '../../cli/site-page.ts';
import { sitesScreen } from '../../cli/sites-screen.ts';
import { isGolden } from '../support/golden.ts';
import {
  anySite,
  nowMs,
  refusingDetail,
  silentDetail,
  someEvents,
  someReleases,
  someRows,
  someSites,
  troubledDetail,
} from '../support/site-answers.ts';
import { plainContext } from '../support/trectl.ts';

interface Look {
  readonly width: number;
  readonly isColoured: boolean;
  readonly isWide?: boolean;
}

const facts = chosenFacts(undefined, false);

function list({ width, isColoured, isWide = false }: Look): string {
  const lines: string[] = [];
  const print = (text: string): void => void lines.push(text);
  const context = plainContext({ out: print, err: print, width, paint: painter(isColoured) });
  const columns = siteColumns(chosenFacts(undefined, isWide), nowMs);
  printTable(context, isWide ? 'wide' : 'table', { columns, rows: someSites });
  return lines.join('\n');
}

function releases({ width, isColoured }: Look): string {
  const lines: string[] = [];
  const print = (text: string): void => void lines.push(text);
  const context = plainContext({ out: print, err: print, width, paint: painter(isColoured) });
  printTable(context, 'table', { columns: releaseColumns, rows: someReleases });
  return lines.join('\n');
}

function page(site: SiteDetailAnswer): (look: Look) => string {
  return ({ width, isColoured, isWide = false }) =>
    sitePage(site, { nowMs, width, isWide, paint: painter(isColoured) });
}

function watch({ width, isColoured }: Look): string {
  const silence = {
    sinceMs: nowMs - 40_000,
    why: 'CONTROL_PLANE_UNREACHABLE: tre.example.org:8443: connect ECONNREFUSED',
  };
  const seen = { sites: someSites, answeredAtMs: nowMs - 41_000, nowMs, silence };
  return sitesScreen(seen, { facts, width, rows: 24, isWide: false, paint: painter(isColoured) }).join('\n');
}

function events({ width, isColoured }: Look): string {
  const paint = painter(isColoured);
  const plain = someEvents.map((event) => eventText(event, { width, paint, isWide: false }));
  const wide = someEvents.map((event) => eventText(event, { width, paint, isWide: true }));
  return [...plain, '', 'with -o wide:', ...wide].join('\n');
}

function audit({ width }: Look): string {
  const plain = someRows.map((row) => auditText(row, { width, isWide: false }));
  const wide = someRows.map((row) => auditText(row, { width, isWide: true }));
  return [...plain, '', 'with -o wide:', ...wide].join('\n');
}

const screens = {
  audit,
  events,
  list,
  releases,
  show: page(troubledDetail),
  'show-refused': page(refusingDetail),
  'show-silent': page(silentDetail),
  watch,
};

for (const [name, screen] of Object.entries(screens)) {
  for (const width of [80, 160]) {
    test(`${name} at ${width} columns`, (t) => {
      const plain = screen({ width, isColoured: false });
      isGolden(t, join(import.meta.dirname, 'goldens', `${name}-${width}.txt`), plain);
      const coloured = screen({ width, isColoured: true });
      isGolden(t, join(import.meta.dirname, 'goldens', `${name}-${width}-colour.txt`), coloured);
      t.is(withoutColour(coloured), plain, 'colours add nothing and take nothing away');
      for (const line of plain.split('\n')) t.true(displayWidth(line) <= width, line);
    });
  }
}

test('-o wide shows all columns, and where each figure was read', (t) => {
  const look = { width: 80, isColoured: false, isWide: true };
  const text = list(look);
  for (const { title } of chosenFacts(undefined, true)) t.true(text.includes(title.toUpperCase()), title);
  t.notRegex(text, /hidden/);
  t.regex(
    page(troubledDetail)(look),
    /memory\.available: +11\.5 GiB of 31\.2 GiB \(37 %\) +from \/proc\/meminfo/,
  );
});

/** Every word that says that all is well, or what a site runs, holds or is held by; its age must follow it. */
const said = String.raw`(?:\b(?:healthy|yes)\b(?!:)|@1\.9\.0|v1\.36\.2|\bleft\b|\b\d+\/\d+\b|^on site: +generation \d+\b)`;
const saidWithoutAge = new RegExp(`${said}(?!,? (?:at |(?:\\d+ (?:s|min|h|d) ago|just now)))`, 'g');

function unaged(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => !/^(NAME|COMPONENT) /.test(line))
    .flatMap((line) => line.match(saidWithoutAge) ?? []);
}

test('what is not news is never shown without its age', (t) => {
  const law = fc.property(anySite(false), fc.constantFrom(40, 80, 160, 400), (site, width) => {
    const columns = siteColumns(chosenFacts(undefined, true), nowMs);
    const lines: string[] = [];
    const context = plainContext({ out: (text) => lines.push(text), width: 1_000 });
    printTable(context, 'wide', { columns, rows: [site] });
    t.deepEqual(unaged(lines.join('\n')), []);
    // Wrapped lines are joined again: a break between a word and its age hides nothing.
    const shown = sitePage(site, { nowMs, width, isWide: true, paint: painter(false) });
    t.deepEqual(unaged(shown.replaceAll(/\n +/g, ' ')), []);
    const seen = { sites: [site], answeredAtMs: nowMs, nowMs, silence: null };
    const [headline = '', ...rest] = sitesScreen(seen, {
      facts,
      width: 1_000,
      rows: 24,
      isWide: false,
      paint: painter(false),
    });
    t.deepEqual(unaged(rest.join('\n')), []);
    t.notRegex(headline, /\d (healthy|not healthy|in progress)/);
  });
  fc.assert(law, { numRuns: 1_000 });
});

test('what is news is shown as it is', (t) => {
  const law = fc.property(anySite(true), (site) => {
    const columns = siteColumns(chosenFacts(['healthy'], false), nowMs);
    const cell = columns[0]?.value(site) ?? '';
    t.is(site.verdict.word === 'healthy' && site.revokedAt === null, cell === 'yes', cell);
  });
  fc.assert(law);
});

test('a list that is higher than the screen shows the worst and says how many are left', (t) => {
  const many = Array.from({ length: 100 }, (_, index) => {
    const site = someSites[index === 77 ? 2 : 0];
    return {
      ...(site ?? someSites[0]),
      id: String(index),
      name: `site-${index}`,
    } as (typeof someSites)[number];
  });
  const seen = { sites: many, answeredAtMs: nowMs, nowMs, silence: null };
  const lines = sitesScreen(seen, { facts, width: 200, rows: 20, isWide: false, paint: painter(false) });
  t.true(lines.length < 20, String(lines.length));
  t.regex(lines.join('\n'), /^site-77 .*NotHealthy /m);
  t.regex(lines.join('\n'), /^and \d+ more, none of them worse/m);
  t.regex(lines[0] ?? '', /100 sites: 99 healthy, 1 not healthy/);
});

test('a site that does not work now is not pushed off by many that are silent', (t) => {
  const [, silent, broken] = someSites;
  if (silent === undefined || broken === undefined) return t.fail();
  const many = Array.from({ length: 100 }, (_, index) => ({
    ...silent,
    id: String(index),
    name: `a-${index}`,
  }));
  const seen = { sites: [...many, broken], answeredAtMs: nowMs, nowMs, silence: null };
  const lines = sitesScreen(seen, { facts, width: 200, rows: 10, isWide: false, paint: painter(false) });
  t.regex(lines.join('\n'), /^hull-royal .*NotHealthy /m);
});

test('-o wide shows all columns on a screen too, in more rows', (t) => {
  const seen = { sites: someSites, answeredAtMs: nowMs, nowMs, silence: null };
  const all = chosenFacts(undefined, true);
  const look = { facts: all, width: 80, rows: 40, paint: painter(false) };
  const lines = sitesScreen(seen, { ...look, isWide: true });
  const titles = lines.find((line) => line.startsWith('NAME ')) ?? '';
  for (const { title } of all) t.true(titles.includes(title.toUpperCase()), title);
  t.notRegex(lines.join('\n'), /hidden/);
});

test('the page of a withdrawn site tells nothing as news', (t) => {
  const withdrawn = { ...troubledDetail, revokedAt: troubledDetail.contact.lastAt };
  const text = page(withdrawn)({ width: 160, isColoured: false });
  t.regex(text, /^healthy: +was not healthy \d+ s ago\nrunning:/m);
  t.regex(text, /^As it was .*:\nNotHealthy/m);
});

test('generations stand under each other', (t) => {
  const [one] = troubledDetail.history;
  if (one === undefined) return t.fail();
  const history = [11, 10, 9].map((generation) => ({ ...one, generation }));
  const text = page({ ...troubledDetail, history })({ width: 160, isColoured: false });
  t.deepEqual(text.match(/^ +\d+ {2}small-tre/gm), ['  11  small-tre', '  10  small-tre', '   9  small-tre']);
});

test('a hold that has run out is none', (t) => {
  const [, , held] = someSites;
  const hold = held?.state?.hold;
  if (held === undefined || hold === null || hold === undefined) return t.fail();
  const column = (atMs: number) => siteColumns(chosenFacts(['hold'], false), atMs)[0]?.value(held);
  const endsMs = Date.parse(hold.until);
  const minute = 60_000;
  const left = [8 * 60 * minute - 1, 6.1 * 60 * minute, minute + 1, 1_500, 49 * 60 * minute];
  t.deepEqual(
    left.map((ms) => column(endsMs - ms)),
    ['8 h left', '6 h left', '1 min left', '2 s left', '2 d left'],
  );
  t.is(column(endsMs), '-');
});

test('an event of a site that was deleted says so', (t) => {
  const [event] = someEvents;
  if (event === undefined) return t.fail();
  const deleted = { ...event, site: { ...event.site, deleted: true } };
  const text = (isWide: boolean) => eventText(deleted, { width: 200, paint: painter(false), isWide });
  t.regex(text(false), /UTC {2}leeds \(deleted\) {2}assigned/);
  t.regex(text(true), /UTC {2}leeds \(\S+, deleted\) {2}assigned/);
});

test('a low and narrow terminal loses the headline and the hint, never the worst site and how many are left', (t) => {
  const silence = { sinceMs: nowMs - 40_000, why: 'CONTROL_PLANE_UNREACHABLE: tre.example.org:8443' };
  const seen = { sites: someSites, answeredAtMs: nowMs - 41_000, nowMs, silence };
  for (const rows of [8, 9, 10, 14, 24]) {
    const terminal = {
      columns: 40,
      rows,
      written: '',
      write: (text: string) => void (terminal.written = text),
    };
    const lines = sitesScreen(seen, { facts, width: 40, rows, isWide: false, paint: painter(false) });
    createFrame(terminal).draw(lines);
    const text = terminal.written.replaceAll('\u001b[K', '');
    t.true(text.startsWith(`${lines.join('\n')}\n`), `cut at ${rows} rows:\n${text}`);
    t.regex(text, /No answer since/);
    t.regex(text, /^(?:york|hull-royal|bath) /m);
    t.is(text.includes(' more, none of'), rows < 24, text);
  }
});
