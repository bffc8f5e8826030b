// The screen of `tre-agent doctor`: first the broken hop, its cause and what to do, then one line per hop. PURE.
// Plain words for a person who runs a hospital's machines. Called by doctor-command.ts.
import type { Colour, Paint } from '../local/paint.ts';
import { wrapped } from '../local/wrap.ts';
import type { HopReport, Report } from './report.ts';

export interface ScreenOptions {
  /** Characters per line. */
  readonly width: number;
  readonly paint: Paint;
}

type Finding = HopReport['findings'][number];

/** The whole screen, without a last line break. */
export function reportScreen({ hops }: Report, options: ScreenOptions): string {
  const found = hops.flatMap(({ name, findings }) => findings.map((finding) => ({ name, finding })));
  const broken = found.filter(({ finding }) => finding.severity === 'error');
  const notes = found.filter(({ finding }) => finding.severity !== 'error');
  const blocks = [
    ...(broken.length === 0 ? [options.paint('green', 'OK: nothing is broken.')] : []),
    ...broken.map(({ name, finding }, index) => {
      const lead = index === 0 ? 'NOT OK' : 'Also not ok';
      return block(`${lead}, ${name}: ${finding.text} (${finding.code})`, finding, 'red', options);
    }),
    ...notes.map(({ name, finding }) =>
      block(`To know, ${name}: ${finding.text} (${finding.code})`, finding, 'amber', options),
    ),
    hops.map((hop) => hopLine(hop, options)).join('\n'),
  ];
  return blocks.join('\n\n');
}

function block(head: string, finding: Finding, colour: Colour, { width, paint }: ScreenOptions): string {
  const { detail, next, firewall } = finding;
  const more = [detail, `What to do: ${next}`, ...(firewall === null ? [] : [`Firewall: ${firewall}`])]
    .filter((line) => line !== '')
    .map((line) => wrapped(`  ${line}`, width, 4));
  return [paint(colour, wrapped(head, width, 2)), ...more].join('\n');
}

const colours = { ok: 'green', 'not ok': 'red', 'not tried': 'amber' } as const;

function hopLine({ name, state, facts }: HopReport, { width, paint }: ScreenOptions): string {
  const text = wrapped(facts, width - factsColumn).replaceAll('\n', `\n${' '.repeat(factsColumn)}`);
  const gap = ' '.repeat(stateWidth - state.length);
  return `${paint(colours[state], state)}${gap}${name.padEnd(factsColumn - stateWidth)}${text}`.trimEnd();
}

const stateWidth = 11;
const factsColumn = 26;
