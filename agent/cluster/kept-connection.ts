// A connection that is there when it is needed: made for the first who asks and again after it ended, one for all who
// ask meanwhile. Called by http2-api.ts only.
import { type Connection, type ConnectionOptions, openConnection } from './http2-connection.ts';

export class KeptConnection {
  readonly #options: ConnectionOptions;
  #connection: Promise<Connection> | undefined;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Rejects with an Error that says why there is none. */
  async connected(): Promise<Connection> {
    if (this.#closed) throw new Error('this client is closed');
    const known = this.#connection;
    if (known !== undefined) {
      const connection = await known;
      if (connection.usable) return connection;
      // Another request may have replaced it meanwhile.
      if (this.#connection !== known) return this.connected();
    }
    const opening = openConnection(this.#options);
    this.#connection = opening;
    opening.catch(() => {
      if (this.#connection === opening) this.#connection = undefined;
    });
    return opening;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = await this.#connection?.catch(() => undefined);
    connection?.[Symbol.dispose]();
  }
}
