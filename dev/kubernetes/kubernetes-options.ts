// The command line of `npm run kubernetes`. PURE apart from the environment that the caller hands in.
// Called by kubernetes.ts.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const commands = ['up', 'down', 'status', 'pin', 'supervise'] as const;
export type Command = (typeof commands)[number];

export interface KubernetesCommand {
  readonly command: Command;
  readonly dataDir: string;
  readonly node: boolean;
  readonly json: boolean;
}

/** `text` is the help, or what is wrong with its code. */
export type ParsedCommand =
  | { readonly ok: true; readonly value: KubernetesCommand }
  | { readonly ok: false; readonly help: boolean; readonly text: string };

export const help = `A real Kubernetes on this machine: API server, controller manager, scheduler and kine; no root needed.

  npm run kubernetes -- up          starts it in the background; the first time it is built, about 5 minutes
  npm run kubernetes -- status      says what runs
  npm run kubernetes -- down        stops what up started; the data folder stays

Example
  npm run kubernetes -- up --node
  export KUBECONFIG=~/.local/state/tre-fleet/kubernetes/admin.kubeconfig

Options
  --data DIR   data folder; default: $XDG_STATE_HOME/tre-fleet/kubernetes (~/.local/state/tre-fleet/kubernetes)
  --node       with a node: as root a real one, whose pods run in namespaces of their own; otherwise a simulated one,
               on which pods become Ready and Jobs complete, but no container runs
  -o json      one JSON object instead of text
  --help       this text

For maintainers: "pin" writes go.mod and go.sum anew after a version in dev/kubernetes/go-module.ts was raised.
`;

/** Parses the arguments after the script's name. */
export function parseCommand(
  args: readonly string[],
  environment: { readonly home: string; readonly stateHome: string | undefined },
): ParsedCommand {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        node: { type: 'boolean' },
        output: { type: 'string', short: 'o' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return { ok: false, help: true, text: help };
    const [name, ...more] = positionals;
    const command = commands.find((known) => known === name);
    if (command === undefined)
      return usage(name === undefined ? 'no command given' : `there is no command ${name}`);
    if (more.length > 0) return usage(`${more[0]} is not understood after ${command}`);
    const { output = 'text' } = values;
    if (output !== 'text' && output !== 'json') return usage(`-o ${output}: only json and text are known`);
    const stateHome = environment.stateHome || resolve(environment.home, '.local', 'state');
    const dataDir = resolve(values.data ?? resolve(stateHome, 'tre-fleet', 'kubernetes'));
    return { ok: true, value: { command, dataDir, node: values.node === true, json: output === 'json' } };
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

function usage(problem: string): ParsedCommand {
  return { ok: false, help: false, text: `USAGE: ${problem}\n\n${help}` };
}
