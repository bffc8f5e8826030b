// What the data folder says of the site: has this machine joined, is its database sound, is its certificate in date?
// A folder that the agent of another version wrote is not guessed at. Called by examine.ts.
import { errorChain, isDaemonError } from '../../daemon/errors.ts';
import { certificateFacts } from '../../daemon/tls.ts';
import { time } from '../local/status-words.ts';
import { type AgentRecords, readRecords } from '../store/read-records.ts';
import { type Finding, finding } from './findings.ts';
import { type Chart, fine, hop, type LeafFacts, wrong } from './hop.ts';

export const lookAtSite = hop('site', ['folder'], async ({ folder }, { clock }) => {
  let records: AgentRecords;
  try {
    records = await readRecords(folder);
  } catch (error) {
    return wrong(databaseFinding(error, folder));
  }
  const { site, leaf: pem, isRequested } = records;
  if (site === undefined) return wrong(finding('NOT_JOINED', `${folder} knows of no site`));
  const learned: Partial<Chart> = { site };
  const name = `${site.name}, control plane ${site.address}`;
  if (pem === undefined) return wrong(pendingFinding(name, isRequested), { ...learned, leaf: null });
  const leaf = leafOf(pem);
  if (leaf === undefined) return wrong(finding('LEAF_INVALID', `${folder}/keys/leaf.pem`), learned);
  const until = time(leaf.notAfterMs);
  if (clock.now() > leaf.notAfterMs)
    return wrong(finding('LEAF_EXPIRED', `it ended at ${until}, and it is ${time(clock.now())} here`), {
      ...learned,
      leaf,
    });
  return fine(`${name}, certificate until ${until}`, { ...learned, leaf });
});

function databaseFinding(error: unknown, folder: string): Finding {
  const detail = errorChain(error).replace(/^\[[a-z-]+\] /, '');
  if (isDaemonError(error, 'database-corrupt')) return finding('DATA_CORRUPT', detail);
  if (isDaemonError(error, 'database-newer')) return finding('DATA_NEWER', detail);
  if (/EACCES|EPERM/.test(detail)) return finding('DATA_FOLDER_FORBIDDEN', detail);
  if (/ENOENT/.test(detail)) return finding('DATA_FOLDER_MISSING', `${folder} holds no database`);
  return finding('DATA_UNREADABLE', detail);
}

/** A join file was read, and there is no certificate yet. */
function pendingFinding(name: string, isRequested: boolean): Finding {
  return isRequested
    ? finding('EnrolmentPending', name)
    : finding(
        'NOT_JOINED',
        `${name} has not heard of this machine yet; a join file is good for a limited time`,
      );
}

function leafOf(pem: string): LeafFacts | undefined {
  try {
    const [facts] = certificateFacts(pem, 'leaf.pem');
    return facts === undefined
      ? undefined
      : { pem, notBeforeMs: facts.notBeforeMs, notAfterMs: facts.notAfterMs };
  } catch {
    return undefined;
  }
}
