// trectl: the composition of its commands, and the one place that turns errors into words and exit codes.
// A command is one file cli/NAME.ts that exports `registerNAME(program, context)`: it adds itself to `program` (to
// `group(program, 'release', ...)` for `release X`), gives an example with addHelpText, prints facts with
// cli/output.ts, and works through the context only. A refusal is a value, printed with `refuse`; what is thrown
// ends here. Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 unreachable.

import { Command } from 'commander';
import { environment } from '../daemon/config.ts';
import { systemCode } from '../daemon/errors.ts';
import manifest from '../package.json' with { type: 'json' };
import { registerAudit } from './audit.ts';
import { registerAuditVerify } from './audit-verify.ts';
import { exitCodes, processContext } from './context.ts';
import { registerEvents } from './events.ts';
import { describeFailure } from './failure.ts';
import { registerKey } from './key.ts';
import { registerLogin } from './login.ts';
import { registerReleaseBuild } from './release-build.ts';
import { registerReleaseDiff } from './release-diff.ts';
import { registerReleaseList } from './release-list.ts';
import { registerReleasePublish } from './release-publish.ts';
import { registerReleaseSchema } from './release-schema.ts';
import { registerReleaseSign } from './release-sign.ts';
import { registerReleaseVerify } from './release-verify.ts';
import { registerSchema } from './schema.ts';
import { registerSiteApprove } from './site-approve.ts';
import { registerSiteAssign } from './site-assign.ts';
import { registerSiteCreate } from './site-create.ts';
import { registerSiteDelete } from './site-delete.ts';
import { registerSiteJoinFile } from './site-join-file.ts';
import { registerSiteLabel } from './site-label.ts';
import { registerSiteList } from './site-list.ts';
import { registerSiteRename } from './site-rename.ts';
import { registerSiteRevoke } from './site-revoke.ts';
import { registerSiteRollback } from './site-rollback.ts';
import { registerSiteShow } from './site-show.ts';
import { registerSiteWait } from './site-wait.ts';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());
// Whoever read this has read enough, as `head` does.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error) => {
    if (systemCode(error) !== 'EPIPE') throw error;
    interrupted.abort(error);
  });

const context = processContext(environment(), manifest.version, interrupted.signal);
const program = new Command('trectl')
  .description('Builds and signs releases, and steers sites.')
  .version(manifest.version)
  .showHelpAfterError('    Run the command with --help.')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'USAGE: ')) })
  .addHelpText(
    'after',
    `
Examples:
  $ trectl release build examples/small-tre/v1 --out build/small-tre-1   (an author, offline)
  $ trectl site show leeds                                               (an operator, after \`trectl login\`)`,
  )
  .exitOverride();

for (const register of [
  registerKey,
  registerReleaseBuild,
  registerReleaseSign,
  registerReleaseVerify,
  registerReleaseDiff,
  registerReleaseSchema,
  registerLogin,
  registerReleasePublish,
  registerReleaseList,
  registerSiteCreate,
  registerSiteJoinFile,
  registerSiteApprove,
  registerSiteAssign,
  registerSiteList,
  registerSiteShow,
  registerSiteWait,
  registerSiteRollback,
  registerSiteRename,
  registerSiteLabel,
  registerSiteRevoke,
  registerSiteDelete,
  registerEvents,
  registerAudit,
  registerAuditVerify,
  registerSchema,
]) {
  register(program, context);
}

try {
  await program.parseAsync(process.argv);
} catch (error) {
  // Whoever pressed Ctrl-C knows why it ended.
  const failure = interrupted.signal.aborted
    ? { exitCode: exitCodes.failed, text: '' }
    : describeFailure(error);
  if (failure.text !== '') context.err(failure.text);
  context.exitCode = failure.exitCode;
}
process.exitCode = context.exitCode;
