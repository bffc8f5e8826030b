// `node dev/run.mjs FILE.ts ARGS...`: runs a file of this repository on the pinned Node, packages installed.
// Every npm script starts here. Plain JavaScript for the machine's own Node (20 or later), because on a fresh
// clone there is nothing else yet. Invariants: no output and no child but the program when node_modules agrees
// with package-lock.json; stdout belongs to the program; two first runs at once install once.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, pinnedNode, root, startNode } from '../bin/pinned-node.mjs';

const lockPath = join(root, 'package-lock.json');
const stampPath = join(root, 'node_modules', '.tre-lock-sha256');
const self = fileURLToPath(import.meta.url);

main(process.argv.slice(2));

function main(args) {
  const node = pinnedNode();
  if (args.length === 0) fail('usage: node dev/run.mjs FILE.ts ARGS...');
  if (args[0] === '--install') return install(node);
  if (!isInstalled(node)) installOnce();
  startNode(node, args, process.env);
}

function isInstalled(node) {
  if (!existsSync(node)) return false;
  const digest = lockDigest();
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8').trim() === digest) return true;
  if (!agreesWithLock()) return false;
  writeFileSync(stampPath, `${digest}\n`);
  return true;
}

function lockDigest() {
  return createHash('sha256').update(readFileSync(lockPath)).digest('hex');
}

// npm records what it installed; a person who typed `npm ci` or `npm install` need not wait for a second one.
function agreesWithLock() {
  const recordPath = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(recordPath)) return false;
  const wanted = packagesOf(lockPath);
  const present = packagesOf(recordPath);
  const sameOrLeftOut = ([path, entry]) =>
    path === '' || (present[path] ? present[path].integrity === entry.integrity : entry.optional === true);
  return Object.entries(wanted).every(sameOrLeftOut) && Object.keys(present).every((path) => path in wanted);
}

function packagesOf(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

// flock(1) frees its lock when its command ends, however it ends; the lock file is package-lock.json itself,
// since npm ci empties node_modules. Whoever waited finds everything installed.
function installOnce() {
  process.stderr.write(
    'Installing the packages of package-lock.json into node_modules (npm ci, about 20 s) ...\n',
  );
  const command = [lockPath, process.execPath, self, '--install'];
  const result = spawnSync('flock', command, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (result.error) fail(`Cannot run flock (package util-linux): ${result.error.message}`);
  if (result.signal) process.kill(process.pid, result.signal);
  if (result.status !== 0) process.exit(1);
}

function install(node) {
  if (isInstalled(node)) return;
  // Without node_modules/.bin: npm must not run on the very Node that it is about to replace.
  const isOurs = (entry) => entry === join(root, 'node_modules', '.bin');
  const PATH = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((entry) => !isOurs(entry))
    .join(delimiter);
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--loglevel=error'];
  const result = spawnSync('npm', args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PATH },
  });
  if (result.error) fail(`Cannot run npm: ${result.error.message}. Install Node.js 20 or later with npm.`);
  if (result.status !== 0) fail('npm ci failed: see its message above; run the same command again to retry.');
  if (!existsSync(node)) fail(`npm ci ended well, but ${node} is missing.`);
  writeFileSync(stampPath, `${lockDigest()}\n`);
}
