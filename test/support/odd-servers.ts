// What may answer in the place of a control plane in a hospital: real listeners on loopback, each with one thing wrong.
// Each function listens on any free port and returns it; everything ends with the stack that it was given.
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import {
  createSecureServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Worker } from 'node:worker_threads';

/** Certificate (with its chain) and key, PEM. */
export interface Shown {
  readonly cert: string;
  readonly key: string;
}

/** Listens until the stack ends. */
export async function listenOn(
  server: Server,
  stack: AsyncDisposableStack,
  host = '127.0.0.1',
): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
  stack.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  await using stack = new AsyncDisposableStack();
  return await listenOn(createServer(), stack);
}

export function resetting(stack: AsyncDisposableStack): Promise<number> {
  return listenOn(
    createServer((socket) => socket.resetAndDestroy()),
    stack,
  );
}

/** Takes connections and never says a word. */
export function silent(stack: AsyncDisposableStack): Promise<number> {
  return listenOn(createServer(), stack);
}

/** Has a queue for connections that is full, and takes none of them: what a stopped program is like. */
export async function stuck(stack: AsyncDisposableStack): Promise<number> {
  const code = `
    const { parentPort } = require('node:worker_threads');
    const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const worker = new Worker(code, { eval: true });
  stack.defer(async () => void (await worker.terminate()));
  const [port] = (await once(worker, 'message')) as [number];
  for (let count = 0; count < 4; count += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    stack.defer(() => void socket.destroy());
  }
  return port;
}

export function plainHttp(stack: AsyncDisposableStack, status = 200): Promise<number> {
  const server = createHttpServer((_request, response) => response.writeHead(status).end('welcome'));
  // A captive portal knows no TLS and says so in words.
  server.on('clientError', (_error, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  server.on('connect', (_request, socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`));
  return listenOn(server, stack);
}

/** TLS without HTTP/2, in any version. */
export function tlsOnly(
  stack: AsyncDisposableStack,
  shown: Shown,
  options: TlsOptions = {},
): Promise<number> {
  return listenOn(createTlsServer({ ...shown, ...options }), stack);
}

/** HTTP/2 with one answer to everything, or with none (null). */
export function http2(
  stack: AsyncDisposableStack,
  shown: Shown,
  { answer, host }: { readonly answer: OutgoingHttpHeaders | null; readonly host?: string },
): Promise<number> {
  const server = createSecureServer(shown);
  server.on('sessionError', () => undefined);
  server.on('stream', (stream: ServerHttp2Stream, _headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    if (answer !== null) stream.respond(answer, { endStream: true });
  });
  return listenOn(server, stack, host);
}

/** Passes everything on and cuts each connection after a while. */
export function cutting(stack: AsyncDisposableStack, targetPort: number, afterMs: number): Promise<number> {
  const server = createServer((inner) => {
    const outer = connect(targetPort, '127.0.0.1');
    outer.on('error', () => undefined);
    inner.pipe(outer).once('close', () => inner.destroy());
    outer.pipe(inner).once('close', () => outer.destroy());
    setTimeout(() => inner.destroy(), afterMs);
  });
  return listenOn(server, stack);
}

/** Lets every CONNECT through to one port. */
export function openProxy(stack: AsyncDisposableStack): Promise<number> {
  const server = createHttpServer();
  server.on('connect', (_request, socket) => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'));
  return listenOn(server, stack);
}
