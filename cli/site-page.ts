// The page of `trectl site show`: who the site is, what it shall run and runs, its parts, what is wrong and what to do,
// its history, its machine. Invariant: what is old stands with its age; codes stand with words and a next step. PURE.

import type { CodedAnswer, SiteDetailAnswer } from './answers.ts';
import { machineBlocks } from './machine-page.ts';
import { minuteText, momentText } from './moments.ts';
import { factLines } from './output.ts';
import type { Paint, Tone } from './paint.ts';
import {
  aged,
  appliedOf,
  asItWas,
  driftOf,
  gravestFirst,
  healthOf,
  heldOf,
  holdOf,
  isolationOf,
  kubernetesOf,
  labelsOf,
  newsOf,
  releaseText,
  runningOf,
  type Said,
  severityTones,
  spoken,
} from './site-words.ts';
import { type Column, tableText } from './table.ts';
import { printable, wrapped } from './wrap.ts';

export interface PageLook {
  readonly nowMs: number;
  readonly width: number;
  readonly paint: Paint;
  /** Also the source of each figure. */
  readonly isWide: boolean;
}

type Facts = readonly (readonly [name: string, value: string])[];

/** The whole page; what others wrote cannot steer the terminal. */
export function sitePage(given: SiteDetailAnswer, look: PageLook): string {
  const site = printable(given);
  const blocks = [
    factLines(
      [...identityFacts(site, look), ...wantedFacts(site, look), ...stateFacts(site, look)],
      look.width,
    ),
    components(site, look),
    troubles(site, look),
    history(site, look),
    ...machineBlocks(site, look),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function identityFacts(site: SiteDetailAnswer, look: PageLook): Facts {
  const { nowMs } = look;
  const { lastAt, agentVersion, certificateExpiresAt } = site.contact;
  const heard = lastAt === null ? '' : `, last heard ${momentText(lastAt, nowMs)}`;
  return [
    ['site', `${site.name} (${site.id})`],
    ['labels', labelsOf(site) === '-' ? '' : labelsOf(site)],
    ['news', `${painted(newsOf(site), look)}${heard}`],
    ['agent', agentVersion ?? ''],
    ['certificate', certificateExpiresAt === null ? '' : `until ${minuteText(certificateExpiresAt)}`],
    ['withdrawn', site.revokedAt === null ? '' : momentText(site.revokedAt, nowMs)],
    [
      'waiting',
      site.waiting.map((one) => `${one.fingerprint} since ${minuteText(one.requestedAt)}`).join('\n'),
    ],
  ];
}

function wantedFacts(site: SiteDetailAnswer, look: PageLook): Facts {
  const { desired } = site;
  if (desired === null) return [['wanted', 'nothing was assigned yet']];
  const { release, generation, parameters, issuedAt } = desired;
  const values = Object.entries(parameters).map(([name, value]) => `${name}=${String(value)}`);
  return [
    ['wanted', `${releaseText(release)}, generation ${generation}, issued ${minuteText(issuedAt)}`],
    ['parameters', values.join(', ')],
    ['on site', painted(heldOf(site), look)],
  ];
}

function stateFacts(site: SiteDetailAnswer, look: PageLook): Facts {
  const { state, verdict } = site;
  // Of a site that was withdrawn the verdict still tells what it said before.
  const verdictText = site.revokedAt === null || !verdict.isNews ? `\n${verdict.text}` : '';
  const health: Facts = [['healthy', `${painted(healthOf(site), look)}${verdictText}`]];
  if (state === null) return [...health, ['state', 'nothing was reported yet']];
  const { isolation, observedAt, receivedAt } = state;
  const hold = holdOf(site, look.nowMs);
  const tried = isolation?.checkedAt ?? null;
  return [
    ...health,
    ['running', painted(runningOf(site), look)],
    ['applied', appliedText(site, state, look)],
    ['drift', painted(driftOf(site), look)],
    ['hold', hold.text === '-' ? '' : `${painted(hold, look)}, ${holdTimes(state.hold)}`],
    [
      'isolation',
      isolation === null
        ? ''
        : `network policies ${painted(isolationOf(site), look)}${tried === null ? ', not tried yet' : `, tried ${momentText(tried, look.nowMs)}`}`,
    ],
    ['kubernetes', state.kubernetesVersion === null ? '' : painted(kubernetesOf(site), look)],
    ['reported', `${momentText(observedAt, look.nowMs)}, received ${minuteText(receivedAt)}`],
  ];
}

function appliedText(
  site: SiteDetailAnswer,
  { applied, objectsApplied, objectsWanted }: NonNullable<SiteDetailAnswer['state']>,
  look: PageLook,
): string {
  const counts = `${objectsApplied} of ${objectsWanted} objects`;
  const said = appliedOf(site);
  return applied ? `${painted(said, look)}, ${counts}` : painted({ ...said, text: `no, ${counts}` }, look);
}

function holdTimes(hold: { readonly since: string; readonly until: string } | null): string {
  return hold === null ? '' : `since ${minuteText(hold.since)} until ${minuteText(hold.until)}`;
}

function components(site: SiteDetailAnswer, { nowMs, paint }: PageLook): string {
  const rows = site.state?.components ?? [];
  if (rows.length === 0) return '';
  type Component = (typeof rows)[number];
  const fact = (title: string, said: (row: Component) => Said): Column<Component> => ({
    title,
    value: (row) => spoken(aged(site, said(row)), nowMs),
    tone: (row) => aged(site, said(row)).tone,
  });
  const columns: readonly Column<Component>[] = [
    { title: 'component', value: (row) => row.name },
    { title: 'objects', value: (row) => String(row.objects) },
    fact('applied', (row) => yesNo(row.applied, 'warn')),
    fact('healthy', (row) => yesNo(row.healthy, 'bad')),
    fact('drift', (row) => (row.drifted ? { text: 'yes', tone: 'warn' } : { text: 'no', tone: 'plain' })),
  ];
  return tableText(columns, rows, paint);
}

function yesNo(isSo: boolean, toneOfNo: Tone): Said {
  return isSo ? { text: 'yes', tone: 'good' } : { text: 'no', tone: toneOfNo };
}

function troubles(site: SiteDetailAnswer, look: PageLook): string {
  const { nowMs } = look;
  const since = (time: string): string => `since ${momentText(time, nowMs)}`;
  const coded = (one: CodedAnswer, facts: readonly string[], tone: Tone): string =>
    codedText(one, { facts, tone }, look);
  const problem = site.problem === null ? [] : [coded(site.problem, [since(site.problem.since)], 'bad')];
  const conditions = gravestFirst(site.state?.conditions ?? []).map((one) =>
    coded(one, [...countText(one.count), since(one.since)], severityTones[one.severity] ?? 'plain'),
  );
  const objects = site.objects.map((one) => coded(one, [objectName(one.object, one.index)], 'warn'));
  const unhealthy = site.unhealthy.map(({ reason, status, object, ...one }) =>
    coded(
      { ...one, code: reason },
      [objectName(object), since(one.since)],
      status === 'failed' ? 'bad' : 'warn',
    ),
  );
  const refusals = site.refusals.map((one) =>
    coded(one, [`generation ${one.generation} refused ${momentText(one.at, nowMs)}`], 'warn'),
  );
  const all = [...problem, ...conditions, ...objects, ...unhealthy, ...refusals];
  return [...(all.length === 0 ? [] : asItWas(site, nowMs)), ...all].join('\n');
}

function history({ history: documents }: SiteDetailAnswer, { width }: PageLook): string {
  if (documents.length === 0) return '';
  const digits = Math.max(...documents.map(({ generation }) => String(generation).length));
  const lines = documents.map(({ generation, release, issuedAt, issuedBy, why }) => {
    const reason = why === null ? '' : `: ${why}`;
    const line = `${String(generation).padStart(digits)}  ${releaseText(release)}  ${minuteText(issuedAt)} by ${issuedBy}${reason}`;
    return `  ${wrapped(line, width - 2, '      ')}`;
  });
  return ['Generations, newest first:', ...lines].join('\n');
}

function codedText(
  { code, text, next }: CodedAnswer,
  { facts, tone }: { readonly facts: readonly string[]; readonly tone: Tone },
  { paint, width }: PageLook,
): string {
  const indent = '    ';
  const inside = [text, next].filter((line) => line !== '');
  return [
    wrapped([paint(tone, code), ...facts].join(', '), width, indent),
    ...inside.map((line) => `${indent}${wrapped(line, width - indent.length, indent)}`),
  ].join('\n');
}

function objectName(
  object: { readonly kind: string; readonly namespace: string | null; readonly name: string } | null,
  index?: number,
): string {
  if (object === null) return index === undefined ? 'an object' : `object ${index}`;
  return `${object.kind} ${object.namespace === null ? '' : `${object.namespace}/`}${object.name}`;
}

function countText(count: number): readonly string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? 'object' : 'objects'}`];
}

function painted(said: Said, { nowMs, paint }: PageLook): string {
  return paint(said.tone, spoken(said, nowMs));
}
