// The screen when nobody answers: what that means for the person, and what to do. PURE. Called by status-command.ts.
// The code stands in it, so that `tre-agent explain` and a search find it.
import { errors } from '../../proto/errors.ts';
import { labelled, type ScreenOptions, wrapped } from './wrap.ts';

export function noAgentScreen(socket: string, { width, paint }: ScreenOptions): string {
  const { text, next } = errors.AGENT_NOT_RUNNING;
  return [
    wrapped(`${paint('red', 'AGENT_NOT_RUNNING:')} ${text}`, width, 2),
    wrapped(`  ${next}`, width, 2),
    '',
    labelled('Asked', socket, width),
    labelled('What runs', 'goes on; but nothing is repaired, reported or updated', width),
  ].join('\n');
}
