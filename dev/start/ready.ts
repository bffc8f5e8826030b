// Is somebody there? One connection attempt to a port or a unix socket. Used while services start.
import { connect, type NetConnectOpts } from 'node:net';

/** True when a TCP port accepts a connection. */
export function isListening(address: { readonly host: string; readonly port: number }): Promise<boolean> {
  return connects(address);
}

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
