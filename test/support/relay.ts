// A TCP relay on loopback that a test can cut and mend, so that whoever dials through it meets a server that is away.
// Bytes pass as they are: TLS ends at the two parties. Called by system tests.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Breaks every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Listens on the same port again. */
  mend(): Promise<void>;
}

/** To a port of this machine. */
export async function openRelay(targetPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    // Either end may break off at any time; the other end then sees the same.
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  };
  let server: Server | undefined;
  const listen = async (port: number): Promise<number> => {
    server = createServer((inner) => {
      const outer = connect(targetPort, '127.0.0.1');
      for (const socket of [inner, outer]) keep(socket);
      inner.pipe(outer).once('close', () => inner.destroy());
      outer.pipe(inner).once('close', () => outer.destroy());
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  const cut = async (): Promise<void> => {
    const closed = new Promise((resolve) => server?.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port, cut, mend: async () => void (await listen(port)), [Symbol.asyncDispose]: cut };
}
