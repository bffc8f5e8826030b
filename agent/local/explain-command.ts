// `tre-agent explain CODE`: what a condition, an error or a reason of health means and what to do, also without an agent;
// with one, what it has to do with this site now. Without a code: all that hold now. Registered by main.ts.
import { type Command, Option } from 'commander';
import { errors, TreError } from '../../proto/errors.ts';
import type { AgentStatus } from './agent-status.ts';
import { type Explanation, explanationsOf, nearCodes } from './codes.ts';
import { type Flags, type LocalContext, withSocket } from './command-context.ts';
import { headline } from './screen.ts';
import { gravestFirst, troublesOf } from './screen-matters.ts';
import { minute } from './screen-words.ts';
import { askAgent, type NoAnswer, whyNoAnswer } from './socket.ts';
import { labelled, wrapped } from './wrap.ts';

/** As -o json prints it. `now` is what this site has to do with the code; null when no agent answers. */
export interface ExplainedCode extends Explanation {
  readonly now: readonly string[] | null;
}

/** `more` are the codes of rooms that stand above this one. */
export function addExplainCommand(
  program: Command,
  context: LocalContext,
  more: readonly Explanation[] = [],
): void {
  withSocket(
    program.command('explain').argument('[code]', 'a code of a condition, an error or a reason of health'),
  )
    .description('say what a code means and what to do; without a code, all that hold now')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Upper and lower case do not matter. Works without a running agent.

Examples:
  $ tre-agent explain NetworkPolicyNotEnforced
  $ tre-agent explain            (everything that holds at this site now)`,
    )
    .action((code: string | undefined, flags: Flags) => explain({ code, flags, more }, context));
}

interface Question {
  readonly code: string | undefined;
  readonly flags: Flags;
  readonly more: readonly Explanation[];
}

async function explain({ code, flags, more }: Question, context: LocalContext): Promise<void> {
  const { socket } = (await context.settings(flags)).values;
  const answer = await statusIfAny(socket);
  const [status, why] = typeof answer === 'string' ? [undefined, answer] : [answer, undefined];
  if (code === undefined && why !== undefined) throw cannotSay(why, socket);
  // A person may write a code in any way, and then it may mean two things; the agent writes it in one.
  const explanations =
    code === undefined
      ? codesNow(status).flatMap((one) => known(one, more).filter((found) => found.code === one))
      : known(code, more);
  const explained = explanations.map((one): ExplainedCode => ({ ...one, now: nowOf(one, status) }));
  if (flags['output'] === 'json') context.out(JSON.stringify(explained, undefined, 2));
  else if (explained.length === 0) context.out(nothingText(status, context));
  else context.out(explained.map((one) => textOf(one, answer, context)).join('\n\n'));
}

/** That nothing is known to hold is no good news where nobody has looked: only green is. */
function nothingText(status: AgentStatus | undefined, context: LocalContext): string {
  return status === undefined || status.verdict.word === 'GREEN'
    ? 'Nothing is the matter: no condition holds now.'
    : `No condition is known to hold.\n${headline(status, context)}`;
}

function cannotSay(why: NoAnswer, socket: string): TreError {
  return why === 'AGENT_NOT_RUNNING'
    ? new TreError('USAGE', 'name a code: no agent answers here that could say which hold now')
    : new TreError(why, undefined, { facts: { socket } });
}

function known(code: string, more: readonly Explanation[]): readonly Explanation[] {
  const found = explanationsOf(code, more);
  if (found.length > 0) return found;
  const near = nearCodes(code, more);
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
  throw new TreError('CODE_UNKNOWN', `${errors.CODE_UNKNOWN.text}${hint}`, { facts: { code } });
}

function codesNow(status: AgentStatus | undefined): readonly string[] {
  if (status === undefined) return [];
  const { health, refusal, problems, controlPlane } = status;
  const codes = [
    ...gravestFirst(status).map(({ code }) => code),
    ...health.troubles.map(({ reason }) => reason),
    ...(refusal === null ? [] : [refusal.code]),
    ...problems.map(({ code }) => code),
    ...(controlPlane.code === null ? [] : [controlPlane.code]),
  ];
  return [...new Set(codes)];
}

function nowOf({ kind, code }: Explanation, status: AgentStatus | undefined): readonly string[] | null {
  if (kind === 'finding of doctor') return ['`tre-agent doctor` says whether it holds'];
  if (status === undefined) return null;
  const { conditions, health, refusal, problems, controlPlane } = status;
  switch (kind) {
    case 'condition':
      return conditions
        .filter((one) => one.code === code)
        .flatMap(({ since, objects }) => [
          `holds since ${minute(since)}`,
          ...objects,
          ...(code === 'ObjectKept' ? status.kept : []),
          ...troublesOf(code, status).map(({ object, text }) => `${object}: ${text}`),
        ]);
    case 'health reason':
      return health.troubles
        .filter(({ reason }) => reason === code)
        .map(({ object, since, detail }) =>
          [`${object}, since ${minute(since)}`, detail].filter((part) => part !== '').join(': '),
        );
    case 'error':
      return [
        ...(refusal?.code === code
          ? [`the site refused generation ${refusal.generation} at ${minute(refusal.at)}`]
          : []),
        ...problems.filter((one) => one.code === code).map(({ object, detail }) => `${object}: ${detail}`),
        ...(controlPlane.code === code ? [`the control plane: ${controlPlane.detail ?? ''}`] : []),
      ];
  }
}

function textOf(
  { code, kind, weight, text, next, now }: ExplainedCode,
  answer: AgentStatus | NoAnswer,
  { width, paint }: LocalContext,
): string {
  const here = now ?? [];
  const said = here.length > 0 ? here : [absence(answer)];
  return [
    wrapped(`${paint('bold', code)} (${[kind, weight].filter((part) => part !== '').join(', ')})`, width, 2),
    labelled('What it is', text, width),
    labelled('What to do', next, width),
    ...said.map((line, at) =>
      at === 0 ? labelled('Here, now', line, width) : wrapped(`${' '.repeat(16)}${line}`, width, 16),
    ),
  ].join('\n');
}

/** What can be said where nothing is known to hold: no more than somebody has seen. */
function absence(answer: AgentStatus | NoAnswer): string {
  if (typeof answer === 'string') return `not known: ${errors[answer].text}`;
  const { wanted, cluster, health } = answer;
  if (wanted !== null && cluster.lookedAt === null) return 'not known: this agent has not looked yet';
  const old = [cluster, health].find(({ isOld }) => isOld);
  return old === undefined
    ? 'it does not hold'
    : `it did not hold when this agent last looked, ${minute(old.lookedAt ?? '')}`;
}

/** The status, or why there is none: an agent that is too busy to answer is no reason not to explain. */
async function statusIfAny(socket: string): Promise<AgentStatus | NoAnswer> {
  try {
    return ((await askAgent(socket, { command: 'status' }, 2_000)) as [AgentStatus])[0];
  } catch (error) {
    const why = whyNoAnswer(error);
    if (why === undefined) throw error;
    return why;
  }
}
