// Reading the agent's data when no agent runs: the same lines as over the socket, straight from the data folder.
// Laws: a folder that is not there is not made; one that an agent uses is never touched; what an agent began to say is not
// said again from the folder. Called by the commands.
import { join } from 'node:path';
import { systemFiles } from '../../daemon/files.ts';
import { TreError } from '../../proto/errors.ts';
import { type AgentStore, openStore } from '../store/store.ts';
import type { LocalSettings } from './command-context.ts';
import { askLines } from './socket.ts';

/** What the running agent answers; when none runs, what `read` finds in the data folder. Throws TreError AGENT_NOT_RUNNING. */
export async function* answersOrData(
  { socket, data }: LocalSettings,
  question: Readonly<Record<string, unknown>>,
  read: (store: AgentStore) => AsyncIterable<unknown> | Iterable<unknown>,
): AsyncGenerator<unknown> {
  let isBegun = false;
  try {
    for await (const line of askLines(socket, question)) {
      isBegun = true;
      yield line;
    }
  } catch (error) {
    if (isBegun || !(error instanceof TreError) || error.code !== 'AGENT_NOT_RUNNING') throw error;
    if ((await systemFiles.stat(join(data, 'state.db'))) === undefined) throw error;
    // Nothing is queued here, so no report will ever carry this name.
    await using store = await openStore(data, 'reading');
    yield* read(store);
  }
}
