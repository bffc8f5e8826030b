// Settings of a control plane: flag, TRE_CONTROL_PLANE_* in the environment, config.json of the data folder (written by
// init), default. Read by main.ts; `config explain` prints where each value comes from.
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type Config, environment, loadConfig } from '../daemon/config.ts';
import { logLevels } from '../daemon/log.ts';

const port = z.int().min(0).max(65_535);

export const settingsSchema = z.object({
  data: z.string().default('/var/lib/tre-control-plane').describe('the data folder'),
  host: z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9.:-]+$/, 'must be a host name or an address')
    .default('localhost')
    .describe('name or address by which agents and people reach this machine'),
  listen: z.string().default('').describe('address to listen on; loopback for localhost, else all'),
  grpcPort: port.default(7443).describe('port for agents; 0 for any'),
  httpPort: port.default(8443).describe('port for people; 0 for any'),
  alertUrl: z.string().default('').describe('address that alerts are sent to, https; empty for none'),
  alertSecretFile: z.string().default('').describe('file (0600) with the secret that signs the alerts'),
  alertCaFile: z
    .string()
    .default('')
    .describe('PEM of the CA of the alert address; empty for the CAs of the system'),
  maxConnections: z.int().min(1).max(100_000).default(10_000).describe('agents connected at once'),
  logLevel: z.enum(logLevels).default('info').describe('least level of log lines'),
});

export type Settings = Readonly<z.infer<typeof settingsSchema>>;

export const variablePrefix = 'TRE_CONTROL_PLANE_';

/** Throws DaemonError `config-invalid`, `path-unreadable`. */
export async function loadSettings(flags: Readonly<Record<string, unknown>>): Promise<Config<Settings>> {
  const data =
    flags['data'] ?? environment()[`${variablePrefix}DATA`] ?? settingsSchema.shape.data.parse(undefined);
  const config = await loadConfig({
    schema: settingsSchema,
    prefix: variablePrefix,
    flags,
    defaultFile: configFile(typeof data === 'string' ? data : ''),
    parse: (text) => JSON.parse(text) as unknown,
  });
  return { ...config, values: { ...config.values, data: resolve(config.values.data) } };
}

/** Where init keeps what it was told. */
export function configFile(data: string): string {
  return join(data, 'config.json');
}

/** The address to bind: nothing leaves this machine unless a host name says that it shall. */
export function listenAddress({ listen, host }: Pick<Settings, 'listen' | 'host'>): string {
  if (listen !== '') return listen;
  return host === 'localhost' ? '127.0.0.1' : '0.0.0.0';
}

/** host:port, with brackets around an IPv6 address. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
