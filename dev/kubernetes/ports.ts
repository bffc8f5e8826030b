// The port of the API server: chosen once per data folder and kept, so that kubeconfigs stay true over restarts.
// Chosen below the range from which the kernel takes ports for outgoing connections, or a second start would now
// and then find it taken. Called by start-kubernetes.ts, and by start/layout.ts for the ports of the control plane.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readIfPresent, writeFileAtomic } from '../../daemon/atomic-file.ts';
import { TreError } from '../../proto/errors.ts';

export interface Ports {
  readonly apiServer: number;
}

const firstPort = 20_000;
const lastPort = 32_000;
const attempts = 100;

/** The ports of this data folder; `wanted` wins over what is kept. @throws TreError DATA_CORRUPT for a damaged file */
export async function keptPorts(dataDir: string, wanted: Partial<Ports> = {}): Promise<Ports> {
  const file = join(dataDir, 'ports.json');
  const bytes = await readIfPresent(file);
  const kept = bytes === undefined ? undefined : parsePorts(new TextDecoder().decode(bytes), file);
  const ports = { apiServer: wanted.apiServer ?? kept?.apiServer ?? (await freePort()) };
  if (ports.apiServer !== kept?.apiServer) await writeFileAtomic(file, `${JSON.stringify(ports)}\n`);
  return ports;
}

/** Reads ports.json strictly. @throws TreError DATA_CORRUPT */
export function parsePorts(text: string, file: string): Ports {
  const { apiServer } = readRecord(text) as { apiServer?: unknown };
  if (typeof apiServer === 'number' && Number.isInteger(apiServer) && apiServer > 0 && apiServer < 65_536)
    return { apiServer };
  throw new TreError('DATA_CORRUPT', `${file} holds no port: remove it, and another one is chosen`);
}

function readRecord(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** A port that may be kept: free now, other than those that are `taken`. @throws TreError PORT_TAKEN */
export async function freePort(taken: readonly number[] = []): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = randomInt(firstPort, lastPort);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
  throw new TreError('PORT_TAKEN', `no free port between ${firstPort} and ${lastPort} on 127.0.0.1`);
}

/** True when one could listen on this port of 127.0.0.1 now. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
