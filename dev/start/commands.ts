// Runs our own commands as a person would: trectl and tre-control-plane as processes on the pinned Node, from source.
// Invariant: a command that fails ends the start with that command's own words. Used by fleet.ts, site.ts and tests.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { userFolders } from '../../daemon/config.ts';
import type { Exec, RunResult } from '../../daemon/exec.ts';
import { Told } from '../failure.ts';
import type { Layout } from './layout.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Entry files of the three programs. */
export const programs = {
  trectl: join(repository, 'cli', 'main.ts'),
  controlPlane: join(repository, 'control-plane', 'main.ts'),
  agent: join(repository, 'agent', 'main.ts'),
} as const;

/** What runs the programs: the Node of this very process. */
export const node = process.execPath;

/** A command runs for a fraction of a second; most of that is reading its own source, which Node need not do twice. */
const compileCache = join(userFolders().cacheHome, 'tre-fleet', 'compile');

/** Our commands, bound to one data folder. */
export interface Commands {
  /** Runs trectl; resolves to its standard output. Throws Told: what it said. */
  readonly trectl: (...args: string[]) => Promise<string>;
  /** Runs trectl with -o json; resolves to the parsed answer. */
  readonly trectlJson: (...args: string[]) => Promise<unknown>;
  readonly controlPlane: (...args: string[]) => Promise<string>;
  /** What `tre-agent status -o json` prints, whether all is well (exit code 0) or not (1). Throws Told otherwise. */
  readonly agentStatus: () => Promise<unknown>;
}

export function createCommands(exec: Exec, layout: Layout, signal: AbortSignal): Commands {
  const run = async (
    program: string,
    args: readonly string[],
    expected: readonly number[],
  ): Promise<string> => {
    const env = { XDG_CONFIG_HOME: layout.operator, NODE_COMPILE_CACHE: compileCache };
    const result = await exec.run(node, [program, ...args], { env, signal, timeoutMs: 120_000 });
    if (result.code === null || !expected.includes(result.code)) throw failed(program, result);
    return result.stdout;
  };
  const trectl = (...args: string[]): Promise<string> => run(programs.trectl, args, [0]);
  const statusArgs = ['status', '--socket', layout.agentSocket, '-o', 'json'];
  return {
    trectl,
    trectlJson: async (...args) => JSON.parse(await trectl(...args, '-o', 'json')) as unknown,
    controlPlane: (...args) => run(programs.controlPlane, args, [0]),
    agentStatus: async () => JSON.parse(await run(programs.agent, statusArgs, [0, 1])) as unknown,
  };
}

/** What a command said that did not end as expected, and its exit code. */
function failed(program: string, { code, stderr, stdout }: RunResult): Told {
  return new Told(stderr.trim() || stdout.trim() || `${program} ended with code ${code}`, code ?? 1);
}
