// The machine of a site on the page of `trectl site show`: its figures and what it is made of, each block with when it
// was observed there and received here. What was not reported is not shown. PURE.

import type { SiteDetailAnswer } from './answers.ts';
import { bytesText, figureFacts } from './figures.ts';
import { minuteText, momentText } from './moments.ts';
import { factLines } from './output.ts';
import { wrapped } from './wrap.ts';

interface MachineLook {
  readonly nowMs: number;
  readonly width: number;
  readonly isWide: boolean;
}

/** The blocks, without those of which nothing is known. */
export function machineBlocks({ host, hardware }: SiteDetailAnswer, look: MachineLook): readonly string[] {
  const blocks: string[] = [];
  if (host !== null) {
    const sources = new Map(host.measures.map(({ name, source }) => [name, source]));
    const facts = figureFacts(host.measures).map(([name, value]) =>
      sourced(name, value, sources.get(name), look),
    );
    blocks.push(`${heading('Machine', host, look)}\n${indented(facts, look)}`);
  }
  if (hardware !== null) {
    const facts = hardware.facts.map(({ name, value, source }) =>
      sourced(name, name === 'memory.total' ? bytesOr(value) : value, source, look),
    );
    blocks.push(`${heading('Hardware', hardware, look)}\n${indented(facts, look)}`);
  }
  return blocks;
}

type Fact = readonly [name: string, value: string];

function sourced(name: string, value: string, source: string | undefined, { isWide }: MachineLook): Fact {
  return [name, isWide && source !== undefined ? `${value}  from ${source}` : value];
}

function heading(
  title: string,
  { observedAt, receivedAt }: { readonly observedAt: string; readonly receivedAt: string },
  { nowMs, width }: MachineLook,
): string {
  const line = `${title}, observed ${momentText(observedAt, nowMs)}, received ${minuteText(receivedAt)}:`;
  return wrapped(line, width, '    ');
}

function indented(facts: readonly Fact[], { width }: MachineLook): string {
  return factLines(facts, width - 2)
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

function bytesOr(value: string): string {
  return /^\d{1,15}$/.test(value) ? bytesText(Number(value)) : value;
}
