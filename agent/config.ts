// Settings of an agent: flag, TRE_AGENT_* in the environment, agent.yaml, default. Read by main.ts; `config explain`
// prints where each value comes from. The YAML reader is loaded only when there is a YAML file to read.
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { type Config, environment, loadConfig } from '../daemon/config.ts';
import { DaemonError } from '../daemon/errors.ts';
import { systemFiles } from '../daemon/files.ts';
import { logLevels } from '../daemon/log.ts';

const durationWords = 'must be a duration such as 500ms, 30s or 5m';
const duration = z.string(durationWords).regex(/^[1-9]\d{0,6}(ms|s|m|h)$/, durationWords);

export const settingsSchema = z.object({
  data: z.string().default('/var/lib/tre-agent').describe('the data folder'),
  kubeconfig: z.string().default('').describe('how to reach Kubernetes; the identity of the pod when empty'),
  context: z.string().default('').describe('context of the kubeconfig; its current one when empty'),
  join: z.string().default('').describe('join file, read until this machine has its certificate'),
  socket: z
    .string()
    .default('/run/tre-agent/agent.sock')
    .describe('where commands on this machine ask the agent'),
  observeInterval: duration.default('30s').describe('longest time between two looks at the cluster'),
  reconnectCap: duration.default('2m').describe('longest wait before the control plane is dialled again'),
  kubernetesData: z
    .string()
    .default('')
    .describe('where Kubernetes keeps its data, to watch that disk; looked for when empty'),
  identify: z
    .boolean('must be true or false')
    .default(false)
    .describe('whether the serial number and the name of this machine may leave the site'),
  probeImage: z
    .string()
    .default('')
    .describe('image of the probe that tries whether network policies are enforced; not tried when empty'),
  logLevel: z.enum(logLevels).default('info').describe('least level of log lines'),
});

export type Settings = Readonly<z.infer<typeof settingsSchema>>;

const variablePrefix = 'TRE_AGENT_';
const defaultFile = '/etc/tre-agent/agent.yaml';
const maxYamlBytes = 2 ** 20;

/** Throws DaemonError `config-invalid`, `path-unreadable`. Paths of files are made absolute. */
export async function loadSettings(flags: Readonly<Record<string, unknown>>): Promise<Config<Settings>> {
  const named = flags['config'] ?? environment()[`${variablePrefix}CONFIG`];
  const path = typeof named === 'string' && named !== '' ? named : defaultFile;
  const parse = (await systemFiles.stat(path)) === undefined ? () => ({}) : await yamlReader();
  const config = await loadConfig({
    schema: settingsSchema,
    prefix: variablePrefix,
    flags,
    defaultFile,
    parse,
  });
  const { data, kubeconfig, join, socket, kubernetesData } = config.values;
  const absolute = (file: string) => (file === '' ? '' : resolve(file));
  const paths = {
    data: resolve(data),
    kubeconfig: absolute(kubeconfig),
    join: absolute(join),
    kubernetesData: absolute(kubernetesData),
    socket: resolve(socket),
  };
  return { ...config, values: { ...config.values, ...paths } };
}

/** Milliseconds of a setting such as `30s`. */
export function durationMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  return Number(count) * (unitMs[unit] ?? Number.NaN);
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A YAML file as plain data, and the folder that its relative paths start from. Throws DaemonError `path-unreadable`. */
export async function readYaml(
  path: string,
): Promise<{ readonly content: unknown; readonly folder: string }> {
  const bytes = await systemFiles.read(path, maxYamlBytes);
  if (bytes === undefined) throw new DaemonError('path-unreadable', `there is no file ${path}`);
  const parse = await yamlReader();
  try {
    return { content: parse(new TextDecoder().decode(bytes)), folder: dirname(path) };
  } catch {
    // The reader's message quotes the lines around the mistake, which may hold a key.
    throw new DaemonError('config-invalid', `${path} is not valid YAML`);
  }
}

async function yamlReader(): Promise<(text: string) => unknown> {
  const { load } = await import('js-yaml');
  return (text) => load(text);
}
