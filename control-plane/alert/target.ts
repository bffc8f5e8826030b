// Where alerts go: an address and a secret, checked before the control plane starts. Laws: https, or http to this very
// machine; the secret lies in a file that nobody else may read, and is in no log, no address and no setting.
// Called by run.ts.
import { X509Certificate } from 'node:crypto';
import { systemFiles } from '../../daemon/files.ts';
import { digestOf } from '../../proto/envelope.ts';
import { TreError } from '../../proto/errors.ts';

export interface AlertTarget {
  readonly url: URL;
  /** Names the target in the database: an address may hold a secret of its own. */
  readonly key: string;
  readonly secret: Uint8Array;
  /** PEM of the CA that the target's certificate is of; the system's CAs when absent. */
  readonly ca?: string;
}

export interface AlertSettings {
  /** Empty for no alerts. */
  readonly alertUrl: string;
  readonly alertSecretFile: string;
  readonly alertCaFile: string;
}

const minSecretLength = 32;

/** Undefined when no alerts are wanted. Throws TreError ALERT_TARGET_INVALID. */
export async function openAlertTarget(settings: AlertSettings): Promise<AlertTarget | undefined> {
  const { alertUrl, alertSecretFile, alertCaFile } = settings;
  if (alertUrl === '') return undefined;
  const url = readUrl(alertUrl);
  const secret = await readSecret(alertSecretFile);
  const ca = alertCaFile === '' ? {} : { ca: await readCa(alertCaFile) };
  return { url, key: digestOf(Buffer.from(url.href, 'utf8')), secret, ...ca };
}

function readUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw new TreError('ALERT_TARGET_INVALID', 'alertUrl is no address.');
  const isPlainHere = url.protocol === 'http:' && loopback.test(url.hostname);
  if (url.protocol !== 'https:' && !isPlainHere)
    throw new TreError(
      'ALERT_TARGET_INVALID',
      'alertUrl must begin with https: (http: only to this machine).',
    );
  if (url.username !== '' || url.password !== '')
    throw new TreError('ALERT_TARGET_INVALID', 'alertUrl must not hold a user name or a password.');
  return url;
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

async function readSecret(path: string): Promise<Uint8Array> {
  if (path === '') throw new TreError('ALERT_TARGET_INVALID', 'alertSecretFile is not set.');
  const facts = await systemFiles.stat(path);
  if (facts !== undefined && (facts.mode & 0o077) !== 0)
    throw new TreError('ALERT_TARGET_INVALID', 'Others may read alertSecretFile; give it the mode 0600.');
  const secret = Buffer.from((await readFile(path)).toString('utf8').trim(), 'utf8');
  if (secret.length < minSecretLength)
    throw new TreError('ALERT_TARGET_INVALID', `The secret has fewer than ${minSecretLength} characters.`);
  return secret;
}

/** Said now, not with the first alert that nobody gets. */
async function readCa(path: string): Promise<string> {
  const pem = (await readFile(path)).toString('utf8');
  try {
    new X509Certificate(pem);
  } catch (error) {
    throw new TreError('ALERT_TARGET_INVALID', 'alertCaFile holds no certificate in PEM.', { cause: error });
  }
  return pem;
}

async function readFile(path: string): Promise<Buffer> {
  const bytes = await systemFiles.read(path);
  if (bytes === undefined) throw new TreError('ALERT_TARGET_INVALID', `There is no file ${path}.`);
  return Buffer.from(bytes);
}
