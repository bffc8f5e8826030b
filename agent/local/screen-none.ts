// The screen when nobody answers: what that means for the person, and what to do. PURE. Called by status-command.ts.
// The code stands in it, so that `tre-agent explain` and a search find it.
import { errors } from '../../proto/errors.ts';
import type { NoAnswer } from './socket.ts';
import { labelled, type ScreenOptions, wrapped } from './wrap.ts';

const whatRuns: Readonly<Record<NoAnswer, string>> = {
  AGENT_NOT_RUNNING: 'goes on; but nothing is repaired, reported or updated',
  AGENT_SILENT: 'goes on; whether it is repaired is not known',
  SOCKET_FORBIDDEN: 'is shown to those who may ask',
};

export function noAgentScreen(why: NoAnswer, socket: string, { width, paint }: ScreenOptions): string {
  const { text, next } = errors[why];
  return [
    wrapped(`${paint('red', `${why}:`)} ${text}`, width, 2),
    wrapped(`  ${next}`, width, 2),
    '',
    labelled('Asked', socket, width),
    labelled('What runs', whatRuns[why], width),
  ].join('\n');
}
