// The data folder: is it there, may this user use it, can something be written? Invariant: one small file is written and
// removed at once; nothing else is touched. Called by examine.ts.
import { constants } from 'node:fs';
import { access, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pid } from 'node:process';
import { systemCode } from '../../daemon/errors.ts';
import { type Finding, finding } from './findings.ts';
import { fine, hop, wrong } from './hop.ts';

export const lookAtData = hop('data', ['settings'], async ({ settings }) => {
  const folder = settings.data;
  try {
    if (!(await stat(folder)).isDirectory())
      return wrong(finding('DATA_UNREADABLE', `${folder} is not a folder`));
    await access(folder, constants.R_OK | constants.X_OK);
  } catch (error) {
    return wrong(unreadable(folder, error));
  }
  try {
    await tryWriting(join(folder, `.doctor-${pid}.tmp`));
    return fine(folder, { folder });
  } catch (error) {
    const found = unwritable(folder, error);
    return found === undefined ? fine(folder, { folder }) : wrong(found, { folder });
  }
});

async function tryWriting(path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile('x');
    await file.sync();
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

function unreadable(folder: string, error: unknown): Finding {
  const code = systemCode(error) ?? '';
  if (code === 'ENOENT') return finding('DATA_FOLDER_MISSING', folder);
  if (code === 'EACCES' || code === 'EPERM') return finding('DATA_FOLDER_FORBIDDEN', folder);
  return finding('DATA_UNREADABLE', `${folder}: ${code}`);
}

/** A full disk is for the next hop to say. */
function unwritable(folder: string, error: unknown): Finding | undefined {
  const code = systemCode(error) ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') return undefined;
  if (code === 'EACCES' || code === 'EPERM') return finding('DATA_FOLDER_FORBIDDEN', folder);
  if (code === 'EROFS') return finding('DATA_FOLDER_READ_ONLY', folder);
  return finding('DATA_UNREADABLE', `${folder}: ${code}`);
}
