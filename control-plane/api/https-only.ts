// An HTTPS server that tells whoever speaks plain HTTP to it what is wrong, instead of dropping the connection.
// The first byte decides: a TLS handshake begins with 22, a request line with a letter. Used by server.ts.

import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { problem } from './problem.ts';

const tlsHandshake = 0x16;
const firstByteTimeoutMs = 10_000;

export function createHttpsOnlyServer(options: ServerOptions, handler: RequestListener): Server {
  const server = createServer(options, handler);
  const handshake = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    socket.setTimeout(firstByteTimeoutMs, () => socket.destroy());
    socket.once('error', () => socket.destroy());
    socket.once('readable', () => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      socket.setTimeout(0);
      if (chunk[0] !== tlsHandshake) return refusePlainHttp(socket);
      socket.unshift(chunk);
      for (const begin of handshake) begin.call(server, socket);
    });
  });
  return server;
}

function refusePlainHttp(socket: Socket): void {
  const body = `${JSON.stringify(problem('PLAIN_HTTP'))}\n`;
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
