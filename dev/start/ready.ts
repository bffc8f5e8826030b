// Is somebody there? One attempt at a port or a unix socket, without a word when nobody is.
// Used while services start.
import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { connect, type NetConnectOpts } from 'node:net';

/** True when a TCP port accepts a connection. */
export function isListening(address: { readonly host: string; readonly port: number }): Promise<boolean> {
  return connects(address);
}

/** True when a server with a certificate of this CA says that it is ready: any other one may listen on the port too. */
export async function isServing({
  port,
  caFile,
}: {
  readonly port: number;
  readonly caFile: string;
}): Promise<boolean> {
  const ca = await readFile(caFile);
  return await new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path: '/readyz', ca, agent: false, timeout: attemptTimeoutMs };
    const attempt = get(options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    attempt.once('timeout', () => attempt.destroy()).once('error', () => resolve(false));
  });
}

const attemptTimeoutMs = 2_000;

/** True when a unix socket accepts a connection. */
export function answers(path: string): Promise<boolean> {
  return connects({ path });
}

function connects(options: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(options);
    const end = (value: boolean) => (): void => {
      socket.destroy();
      resolve(value);
    };
    socket.once('connect', end(true)).once('error', end(false));
  });
}
