// The local socket: how commands on this machine ask the running agent. One JSON line as the question, JSON lines as the
// answer, then the end. Invariants: only this user (and root) may open it; a file that a killed agent left behind is
// replaced, one that answers never. Served by main.ts, asked by the command files.
import { chmodSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { isDaemonError, systemCode } from '../../daemon/errors.ts';
import type { Files } from '../../daemon/files.ts';
import { listening } from '../../daemon/lifecycle.ts';
import type { Log } from '../../daemon/log.ts';
import { type ErrorCode, isErrorCode, TreError } from '../../proto/errors.ts';

/** Answers one question with any number of values that JSON can hold. Throws TreError for one it does not understand. */
export type Answer = (
  question: Readonly<Record<string, unknown>>,
) => Iterable<unknown> | AsyncIterable<unknown>;

export interface LocalSocketOptions {
  readonly path: string;
  readonly answer: Answer;
  readonly files: Files;
  readonly log: Log;
}

const maxQuestionBytes = 4096;
const questionTimeoutMs = 5_000;
const defaultTimeoutMs = 10_000;

/** Listens. Throws TreError DATA_LOCKED when another agent answers there, DaemonError `path-unwritable`. */
export async function openLocalSocket({
  path,
  answer,
  files,
  log,
}: LocalSocketOptions): Promise<AsyncDisposable> {
  await files.mkdir(dirname(path));
  if ((await files.stat(path)) !== undefined) {
    if (await isAnswered(path)) throw new TreError('DATA_LOCKED', `another agent answers at ${path}`);
    await files.remove(path);
  }
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', (error) => log.debug({ error }, 'a local question broke off'));
    void serve(socket, answer, log);
  });
  await listening(server, () => server.listen(path), path);
  chmodSync(path, 0o600);
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The answers to a question. Throws TreError: the code that the agent answered, or why it did not. */
export async function askAgent(
  path: string,
  question: Readonly<Record<string, unknown>>,
  timeoutMs = defaultTimeoutMs,
): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  for await (const answer of askLines(path, question, timeoutMs)) answers.push(answer);
  return answers;
}

/** The answers to a question one by one, however many they are. Throws as `askAgent`; `timeoutMs` is that of a silence. */
export async function* askLines(
  path: string,
  question: Readonly<Record<string, unknown>>,
  timeoutMs = defaultTimeoutMs,
): AsyncGenerator<unknown> {
  for await (const line of exchange(path, `${JSON.stringify(question)}\n`, timeoutMs)) {
    const answer: unknown = JSON.parse(line);
    const refusal = refusalOf(answer);
    if (refusal !== undefined) throw refusal;
    yield answer;
  }
}

/** Nobody is there, it says nothing, or it may not be asked: why there is no answer; undefined for another error. */
export function whyNoAnswer(error: unknown): NoAnswer | undefined {
  const code = error instanceof TreError ? error.code : undefined;
  return noAnswers.find((one) => one === code);
}

const noAnswers = ['AGENT_NOT_RUNNING', 'AGENT_SILENT', 'SOCKET_FORBIDDEN'] as const;
export type NoAnswer = (typeof noAnswers)[number];

/** One that is there and says nothing is there. */
async function isAnswered(path: string): Promise<boolean> {
  try {
    for await (const _ of exchange(path, '\n', questionTimeoutMs));
    return true;
  } catch (error) {
    const why = whyNoAnswer(error);
    if (why === 'AGENT_NOT_RUNNING') return false;
    if (why === 'AGENT_SILENT') return true;
    throw error;
  }
}

async function serve(socket: Socket, answer: Answer, log: Log): Promise<void> {
  try {
    const question = await readQuestion(socket);
    // Whoever reads the answer may take their time: a person with a pager, for example.
    socket.setTimeout(0);
    for await (const value of answer(question)) await write(socket, `${JSON.stringify(value)}\n`);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'INTERNAL') log.error({ error }, 'a local question failed');
    socket.write(`${JSON.stringify({ error: code })}\n`);
  }
  socket.end();
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof TreError) return error.code;
  return isDaemonError(error, 'disk-full') ? 'DISK_FULL' : 'INTERNAL';
}

async function readQuestion(socket: Socket): Promise<Readonly<Record<string, unknown>>> {
  socket.setTimeout(questionTimeoutMs, () => socket.destroy());
  let text = '';
  // Not iterated: leaving such a loop would close the socket before the answer is written.
  await new Promise<void>((resolve, reject) => {
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n') || text.length > maxQuestionBytes) resolve();
    });
    socket.once('end', resolve);
    socket.once('close', () => reject(new TreError('USAGE', 'the question broke off')));
  });
  return parsed(text.split('\n')[0] ?? '');
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const question: unknown = JSON.parse(line);
    if (typeof question === 'object' && question !== null) return question as Record<string, unknown>;
  } catch {
    // Said below: whatever is no question is refused in the same way.
  }
  throw new TreError('USAGE', 'not a question');
}

/** Resolves when the socket takes more; throws when nobody reads any longer. */
async function write(socket: Socket, text: string): Promise<void> {
  if (socket.destroyed) throw new TreError('USAGE', 'the question broke off');
  if (socket.write(text)) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      socket.off('drain', go).off('close', go);
      resolve();
    };
    socket.once('drain', go).once('close', go);
  });
}

/** The lines of an answer. Throws TreError NoAnswer; AGENT_NOT_RUNNING also for one that stops before the end. */
async function* exchange(path: string, text: string, timeoutMs: number): AsyncGenerator<string> {
  const socket = connect(path);
  socket.setEncoding('utf8');
  let isSilent = false;
  socket.setTimeout(timeoutMs, () => {
    isSilent = true;
    socket.destroy(new Error(`no answer for ${timeoutMs} ms`));
  });
  socket.once('connect', () => socket.write(text));
  let rest = '';
  try {
    for await (const chunk of socket) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter((line) => line !== '');
    }
    if (rest !== '') throw new Error('the answer broke off');
  } catch (cause) {
    const isForbidden = ['EACCES', 'EPERM'].includes(systemCode(cause) ?? '');
    const code = isForbidden ? 'SOCKET_FORBIDDEN' : isSilent ? 'AGENT_SILENT' : 'AGENT_NOT_RUNNING';
    throw new TreError(code, undefined, { cause, facts: { socket: path } });
  } finally {
    socket.destroy();
  }
}

function refusalOf(answer: unknown): TreError | undefined {
  const code = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : undefined;
  return typeof code === 'string' && isErrorCode(code) ? new TreError(code) : undefined;
}
