// A status in one line, for a log or a pipe: the verdict, what is wanted and how far it is, and the code of everything that
// holds, so that each change of those can be seen in it. PURE. Called by status-command.ts.
import { errors } from '../../proto/errors.ts';
import type { AgentStatus } from './agent-status.ts';
import type { Paint } from './paint.ts';
import { headline } from './screen.ts';
import type { NoAnswer } from './socket.ts';

/** Without a time; `status --watch` puts it in front. */
export function watchLine(status: AgentStatus | NoAnswer, paint: Paint): string {
  if (typeof status === 'string') return `${paint('red', 'NO AGENT:')} ${errors[status].text}`;
  const said = headline(status, { width: Number.POSITIVE_INFINITY, paint }).split('\n')[0] ?? '';
  const { wanted, objects, cluster, health, conditions, refusal } = status;
  const works = health.state === 'unknown' ? 'health not known' : `${health.current} working`;
  const applied = `${objects.applied} of ${objects.wanted} applied${cluster.isOld ? ' when last looked at' : ''}`;
  const counts = wanted === null ? [] : [`${wanted.release}, ${applied}, ${works}`];
  const what = refusal?.generation === 0 ? 'a document' : `generation ${refusal?.generation}`;
  const refused = refusal === null ? [] : [`refused ${what} (${refusal.code})`];
  const codes = [...new Set(conditions.map(({ code }) => code))];
  const holds = codes.length === 0 ? [] : [`now: ${codes.join(', ')}`];
  return `${said} ${[...counts, ...refused, ...holds].join('; ')}`.trimEnd();
}
