// The settings: can they be read and understood? They are the agent's own, from the same places. Called by examine.ts.
// Flags of the doctor count as they do for `tre-agent run`.
import { errorChain, isDaemonError } from '../../daemon/errors.ts';
import { loadSettings } from '../config.ts';
import { finding } from './findings.ts';
import { fine, hop, wrong } from './hop.ts';

export const lookAtSettings = hop('settings', [], async (_chart, { flags }) => {
  try {
    const { values, origins } = await loadSettings(flags);
    const file = Object.values(origins).find(({ source }) => source === 'file')?.name;
    return fine(file ?? 'flags, environment and defaults', { settings: values });
  } catch (error) {
    const code = isDaemonError(error, 'config-invalid') ? 'CONFIG_INVALID' : 'FILE_UNREADABLE';
    return wrong(finding(code, errorChain(error).replace(/^\[[a-z-]+\] /, '')));
  }
});
