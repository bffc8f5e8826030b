// `tre-agent doctor` as a process of its own, at a place that a test makes up: settings by flags, an environment, and where
// a fault needs it a network, mounts or a name server of its own in namespaces that end with the process. Nothing of this
// machine is changed. Called by the system tests of the doctor.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { type Report, reportSchema } from '../../agent/doctor/report.ts';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import { programs } from '../../dev/start/commands.ts';

/** Where the doctor looks. */
export interface Patient {
  /** Flags of the command, without their dashes. */
  readonly flags: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Shell lines that set up namespaces of its own: mounts, and links when `network` is true. */
  readonly setup?: readonly string[];
  readonly network?: boolean;
  /** What its name server answers to everything; needs `network`. */
  readonly nameServer?: string;
  /** File modes bind it, as they bind a user who is not root. */
  readonly underFileModes?: boolean;
}

export interface Examined {
  readonly report: Report;
  readonly exitCode: number | null;
  readonly seconds: number;
}

const nameServerProgram = join(import.meta.dirname, 'name-server.ts');
const isRoot = process.getuid?.() === 0;

export async function examine(patient: Patient, folder: string): Promise<Examined> {
  const flags = Object.entries(patient.flags).flatMap(([name, value]) => [`--${name}`, value]);
  const doctor = [process.execPath, programs.agent, 'doctor', '-o', 'json', ...flags];
  const [command = '', ...args] = inNamespaces(underModes(doctor, patient), patient, folder);
  const startedAtMs = performance.now();
  const ran = await systemExec({ ...withoutProxies(), ...patient.environment }).run(command, args, {
    timeoutMs: 60_000,
  });
  const seconds = (performance.now() - startedAtMs) / 1000;
  if (ran.stdout === '') throw new Error(`the doctor said nothing: ${ran.stderr}`);
  return { report: reportSchema.parse(JSON.parse(ran.stdout)), exitCode: ran.code, seconds };
}

/** Whether this user may make namespaces here. */
export async function mayMakeNamespaces(): Promise<boolean> {
  const tried = systemExec(environment()).run('unshare', [...unshareFlags, '--net', 'ip', 'link']);
  return tried.then(
    ({ code }) => code === 0,
    // There is no such command here.
    () => false,
  );
}

const unshareFlags = [...(isRoot ? [] : ['--map-root-user']), '--mount'];

function underModes(command: readonly string[], { underFileModes = false }: Patient): readonly string[] {
  if (!underFileModes || !isRoot) return command;
  const drop = '-dac_override,-dac_read_search';
  return ['setpriv', `--bounding-set=${drop}`, `--inh-caps=${drop}`, ...command];
}

function inNamespaces(
  command: readonly string[],
  { setup = [], network = false, nameServer }: Patient,
  folder: string,
): readonly string[] {
  if (setup.length === 0 && !network) return command;
  const lines = [...setup];
  const served = [...command];
  if (network) lines.unshift('ip link set lo up');
  if (nameServer !== undefined) {
    const file = join(folder, 'resolv.conf');
    writeFileSync(file, 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
    lines.push(`mount --bind ${file} /etc/resolv.conf`);
    served.unshift(process.execPath, nameServerProgram, nameServer);
  }
  const script = [...lines, 'exec "$@"'].join(' && ');
  return ['unshare', ...unshareFlags, ...(network ? ['--net'] : []), 'sh', '-c', script, 'sh', ...served];
}

function withoutProxies(): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(environment()).filter(([name]) => !/_proxy$/i.test(name)));
}
