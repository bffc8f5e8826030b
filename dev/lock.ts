// `npm run lock`: completes package-lock.json after `npm install`, because `npm ci` refuses a lockfile in which an
// optional package is missing, and npm leaves out those that a partial mirror of the registry does not serve.
// They are builds of a tool for platforms that this repository does not run on, so nothing is ever fetched
// for the entries written here. Run by whoever changes a dependency; a test says when it was forgotten.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is read and written of one entry; `os`, `cpu` and `libc` keep npm from installing it elsewhere. */
export type LockEntry = {
  version?: string;
  cpu?: string[];
  dev?: boolean;
  libc?: string[];
  optional?: boolean;
  os?: string[];
  optionalDependencies?: Record<string, string>;
};
export type Lockfile = { packages: Record<string, LockEntry> };

/** Optional packages that an entry names and the lockfile does not hold: path in node_modules -> entry to add. */
export function missingEntries(lockfile: Lockfile): Record<string, LockEntry> {
  const missing: Record<string, LockEntry> = {};
  for (const parent of Object.values(lockfile.packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`;
      if (path in lockfile.packages) continue;
      const { os, cpu, libc } = platformOf(name);
      // In npm's own order of keys, so that npm and this command do not rewrite each other.
      missing[path] = {
        version,
        cpu,
        ...(parent.dev && { dev: true }),
        ...(libc && { libc }),
        optional: true,
        os,
      };
    }
  }
  return missing;
}

function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } {
  const match = /(android|darwin|freebsd|linux|openharmony|win32)-([a-z0-9]+)(?:-([a-z]+))?$/.exec(name);
  if (match === null)
    throw new Error(`${name}: an optional package that is not a platform build; install it by hand`);
  const [, os = '', cpu = '', abi = ''] = match;
  const libc = os === 'linux' ? { libc: [abi.startsWith('musl') ? 'musl' : 'glibc'] } : {};
  return { os: [os], cpu: [cpu === 'armv7' ? 'arm' : cpu], ...libc };
}

function sortedByPath(packages: Record<string, LockEntry>): Record<string, LockEntry> {
  return Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
}

if (import.meta.main) {
  const path = join(import.meta.dirname, '..', 'package-lock.json');
  const lockfile = JSON.parse(readFileSync(path, 'utf8')) as Lockfile;
  const missing = missingEntries(lockfile);
  const completed = { ...lockfile, packages: sortedByPath({ ...lockfile.packages, ...missing }) };
  writeFileSync(path, `${JSON.stringify(completed, null, 2)}\n`);
  console.log(`package-lock.json: ${Object.keys(missing).length} entries added`);
}
