// Health on the screen: one line for the whole site, and one row per component with its three facts. PURE.
// Law: a look that is older than three heartbeats is called old, and what it saw is told in the past. Called by screen.ts.

import type { AgentStatus } from './agent-status.ts';
import type { Paint } from './paint.ts';
import { ago, counted } from './screen-words.ts';
import type { ShownComponent } from './status-health.ts';
import { columns, type ScreenOptions, widthOf, wrapped } from './wrap.ts';

export function healthText({ wanted, health, now }: AgentStatus, paint: Paint): string {
  if (wanted === null) return '';
  if (health.lookedAt === null) return 'not looked at yet';
  const works = `${health.current} of ${counted(health.objects, 'object')}`;
  const looked = `looked at ${ago(health.lookedAt, now)}`;
  if (health.isOld) return `${paint('amber', 'not known now')}: last ${looked}, when ${works} worked`;
  switch (health.state) {
    case 'healthy':
      return `${paint('green', 'healthy')}: all ${counted(health.objects, 'object')} work, ${looked}`;
    case 'not-healthy':
      return `${paint('red', 'not healthy')}: ${works} work, ${looked}`;
    case 'progressing':
      return `${paint('amber', 'not ready yet')}: ${works} work, ${looked}`;
    case 'unknown':
      return `${paint('amber', 'not known')}: ${works} work, ${looked}`;
  }
}

const heads = ['Component', 'Objects', 'Applied', 'Healthy', 'Changed by others'] as const;

/** A table where it fits, otherwise each component with its facts by name. Nothing for a release without components. */
export function componentsBlock({ components }: AgentStatus, { width, paint }: ScreenOptions): string[] {
  if (components.length === 0) return [];
  const rows = components.map((component) => [component.name, ...factsOf(component, paint)]);
  const table = columns([heads, ...rows], Number.POSITIVE_INFINITY, 0);
  if (table.split('\n').every((line) => widthOf(line) <= width)) return [table];
  const named = rows.map((row) => row.map((fact, at) => `${heads[at]?.toLowerCase()} ${fact}`));
  return [named.map(([name = '', ...facts]) => wrapped(`${name}: ${facts.join(', ')}`, width, 2)).join('\n')];
}

function factsOf({ objects, applied, healthy, drifted }: ShownComponent, paint: Paint): readonly string[] {
  const unknown = paint('amber', 'not known');
  return [
    String(objects),
    applied === null ? unknown : applied ? 'yes' : paint('amber', 'no'),
    healthy === null ? unknown : healthy ? paint('green', 'yes') : paint('red', 'no'),
    drifted ? paint('amber', 'yes, being repaired') : 'no',
  ];
}
