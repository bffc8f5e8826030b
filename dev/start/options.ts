// The command line of `npm start`: what may be given, and where the data folder is when none is named.
// PURE apart from the environment that the caller hands in. Called by start.ts.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What `npm start` was asked to do. */
export interface StartOptions {
  readonly dataDir: string;
  /** Release source to publish and assign; null for the example on a new site, and for nothing new on an existing one. */
  readonly from: string | null;
  /** End with exit code 0 when everything is applied. */
  readonly once: boolean;
}

export type ParsedStart =
  | { readonly ok: true; readonly options: StartOptions }
  | { readonly ok: false; readonly help: boolean; readonly text: string };

export const startHelp = `Starts a whole TRE Fleet on this machine: a real Kubernetes, a control plane, one site with its agent,
and a signed release that is applied to it.

  npm start                                   the example release; Ctrl-C ends everything, the data stays
  npm start -- --once                         ends by itself when everything is applied and healthy
  npm start -- --from examples/small-tre/v2   publishes and assigns another release source

Options
  --data DIR   data folder; default: $XDG_STATE_HOME/tre-fleet/start (~/.local/state/tre-fleet/start)
  --from DIR   release source: a folder with release.yaml
  --once       end with exit code 0 when everything is applied and healthy; the last line on stdout is one JSON object;
               130 when it was interrupted before that
  --help       this text

As root, pods really run, on a node of their own that leaves nothing behind. Otherwise the node is simulated, which the
output says, with the reason.
`;

/** Parses the arguments after the script's name. `stateHome` comes from the environment. */
export function parseStartOptions(args: readonly string[], stateHome: string): ParsedStart {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        data: { type: 'string' },
        from: { type: 'string' },
        once: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return { ok: false, help: true, text: startHelp };
    const dataDir = resolve(values.data ?? resolve(stateHome, 'tre-fleet', 'start'));
    const from = values.from === undefined ? null : resolve(values.from);
    return { ok: true, options: { dataDir, from, once: values.once === true } };
  } catch (error) {
    return {
      ok: false,
      help: false,
      text: `USAGE: ${error instanceof Error ? error.message : String(error)}\n\n${startHelp}`,
    };
  }
}
