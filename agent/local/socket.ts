// The local socket: how commands on this machine ask the running agent. One JSON line as the question, JSON lines as the
// answer, then the end. Invariants: only this user (and root) may open it; a file that a killed agent left behind is
// replaced, one that answers never. Served by main.ts, asked by the command files.
import { chmodSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
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

/** The answers to a question. Throws TreError AGENT_NOT_RUNNING, or with the code that the agent answered. */
export async function askAgent(
  path: string,
  question: Readonly<Record<string, unknown>>,
  timeoutMs = 10_000,
): Promise<readonly unknown[]> {
  const text = await exchange(path, `${JSON.stringify(question)}\n`, timeoutMs);
  const answers = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
  const refusal = answers.map(refusalOf).find((one) => one !== undefined);
  if (refusal !== undefined) throw refusal;
  return answers;
}

async function isAnswered(path: string): Promise<boolean> {
  try {
    await exchange(path, '\n', questionTimeoutMs);
    return true;
  } catch (error) {
    if (error instanceof TreError && error.code === 'AGENT_NOT_RUNNING') return false;
    throw error;
  }
}

async function serve(socket: Socket, answer: Answer, log: Log): Promise<void> {
  try {
    const question = await readQuestion(socket);
    for await (const value of answer(question)) socket.write(`${JSON.stringify(value)}\n`);
  } catch (error) {
    const code: ErrorCode = error instanceof TreError ? error.code : 'INTERNAL';
    if (code === 'INTERNAL') log.error({ error }, 'a local question failed');
    socket.write(`${JSON.stringify({ error: code })}\n`);
  }
  socket.end();
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

function exchange(path: string, text: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let answer = '';
    const notRunning = (cause: unknown) =>
      reject(new TreError('AGENT_NOT_RUNNING', undefined, { cause, facts: { socket: path } }));
    socket.setEncoding('utf8');
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer for ${timeoutMs} ms`)));
    socket.once('connect', () => socket.write(text));
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.once('error', notRunning);
    socket.once('end', () => {
      socket.end();
      resolve(answer);
    });
    socket.once('close', () => notRunning(undefined));
  });
}

function refusalOf(answer: unknown): TreError | undefined {
  const code = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : undefined;
  return typeof code === 'string' && isErrorCode(code) ? new TreError(code) : undefined;
}
