// What is the matter, block by block: conditions, the red ones first, with their objects and what to do; then the refusal, and
// the words of the API server and of the network. PURE. Called by screen.ts.
import type { AgentStatus } from './agent-status.ts';
import { counted, minute } from './screen-words.ts';
import type { ShownCondition } from './status-conditions.ts';
import type { ShownTrouble } from './status-health.ts';
import { type ScreenOptions, wrapped } from './wrap.ts';

/** The screen is one screen: how many objects of a condition are told with their words. */
const shownTroubles = 10;

export function mattersOf(status: AgentStatus, options: ScreenOptions): readonly string[] {
  const { width } = options;
  return [
    ...gravestFirst(status).map((condition) => conditionBlock(condition, status, options)),
    ...refusalBlock(status, width),
    ...problemsBlock(status, width),
    ...saidBlock('The API server could not be worked with:', status.cluster.detail, width),
    ...saidBlock('What went wrong with the control plane:', status.controlPlane.detail, width),
  ];
}

const order = { error: 0, warning: 1, info: 2 };

export function gravestFirst({ conditions }: AgentStatus): readonly ShownCondition[] {
  return conditions.toSorted((one, other) => order[one.severity] - order[other.severity]);
}

/** The objects that a condition counts by their health; none for any other condition. */
export function troublesOf(code: string, { health }: AgentStatus): readonly ShownTrouble[] {
  return health.troubles.filter(({ status }) => statusesOf[code]?.includes(status));
}

const marks = { error: '!', warning: '*', info: '-' } as const;
const colours = { error: 'red', warning: 'amber', info: 'bold' } as const;

function conditionBlock(
  { code, severity, count, since, text, next, objects }: ShownCondition,
  status: AgentStatus,
  { width, paint }: ScreenOptions,
): string {
  const facts = [code, ...(count > 0 ? [counted(count, unitOf(code))] : []), `since ${minute(since)}`];
  const troubles = troublesOf(code, status);
  const named =
    troubles.length > 0
      ? troubles.slice(0, shownTroubles).flatMap((trouble) => troubleLines(trouble, width))
      : objects.map((name) => wrapped(`    ${name}`, width, 6));
  const shown = troubles.length > 0 ? Math.min(troubles.length, shownTroubles) : objects.length;
  const more = count > shown && shown > 0 ? [`    ... and ${count - shown} more`] : [];
  return [
    wrapped(`${paint(colours[severity], marks[severity])} ${text} (${facts.join(', ')})`, width, 2),
    ...(troubles.length > 0 ? [] : [wrapped(`  ${next}`, width, 2)]),
    ...named,
    ...more,
  ].join('\n');
}

/** The conditions that count objects by their health, and which statuses they count. */
const statusesOf: Readonly<Record<string, readonly ShownTrouble['status'][]>> = {
  NotHealthy: ['failed'],
  HealthInProgress: ['in-progress', 'terminating'],
  HealthUnknown: ['unknown'],
};

const nodeCodes: ReadonlySet<string> = new Set(['NodeNotReady', 'NodeSilent', 'ContainerRuntimeDown']);

function unitOf(code: string): string {
  return nodeCodes.has(code) ? 'node' : 'object';
}

function troubleLines({ object, reason, since, text, next, detail }: ShownTrouble, width: number): string[] {
  return [
    wrapped(`    ${object}: ${text} (${reason}, since ${minute(since)})`, width, 6),
    ...(detail === '' ? [] : [wrapped(`      ${detail}`, width, 6)]),
    wrapped(`      ${next}`, width, 6),
  ];
}

function refusalBlock({ refusal }: AgentStatus, width: number): readonly string[] {
  if (refusal === null) return [];
  const what = refusal.generation === 0 ? 'a document' : `generation ${refusal.generation}`;
  return [
    [
      wrapped(`Refused ${what} at ${minute(refusal.at)}: ${refusal.code}`, width, 2),
      wrapped(`  ${refusal.text}`, width, 2),
      wrapped(`  ${refusal.next}`, width, 2),
    ].join('\n'),
  ];
}

function problemsBlock({ problems }: AgentStatus, width: number): readonly string[] {
  if (problems.length === 0) return [];
  const lines = problems.flatMap(({ object, code, detail }) => [
    wrapped(`  ${object}: ${code}`, width, 4),
    wrapped(`    ${detail}`, width, 4),
  ]);
  return [['What the API server said:', ...lines].join('\n')];
}

function saidBlock(title: string, detail: string | null, width: number): readonly string[] {
  return detail === null ? [] : [`${title}\n${wrapped(`  ${detail}`, width, 2)}`];
}
