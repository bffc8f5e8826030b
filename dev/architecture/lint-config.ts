// The linter's configuration, made from the import table: the editor then says at once what the architecture
// test says later. The linter sees specifiers, not files, so it knows whole rooms; single files of a room
// (`proto/document.ts`) are the test's business. `npm run generate` writes it to .oxlintrc.json.

import { basename } from 'node:path/posix';
import {
  type Door,
  entries,
  environmentReaders,
  harmless,
  isInside,
  placeOf,
  processes,
  programStarters,
  type Room,
  rooms,
} from './import-table.ts';

const baseRules = {
  'no-restricted-properties': ['error', ...environmentReading()],
  'import/no-cycle': 'error',
  'import/no-default-export': 'error',
  'typescript/consistent-type-imports': 'error',
  'typescript/no-explicit-any': 'error',
  'typescript/no-floating-promises': 'error',
  'typescript/no-misused-promises': 'error',
  'typescript/no-non-null-assertion': 'error',
  'typescript/no-unsafe-argument': 'error',
  'typescript/no-unsafe-assignment': 'error',
  'typescript/no-unsafe-call': 'error',
  'typescript/no-unsafe-member-access': 'error',
  'typescript/no-unsafe-return': 'error',
  'typescript/only-throw-error': 'error',
  'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  // Our own parsers look for control characters.
  'no-control-regex': 'off',
  'no-var': 'error',
  'prefer-const': 'error',
  eqeqeq: 'error',
};

// What a pure room must not see: time, chance, the process, waiting, output.
const impureGlobals =
  'Date process performance crypto fetch console setTimeout setInterval setImmediate queueMicrotask'.split(
    ' ',
  );

/** The whole of .oxlintrc.json. */
export function lintConfig(): object {
  return {
    plugins: ['eslint', 'typescript', 'import', 'unicorn', 'oxc'],
    categories: { correctness: 'error' },
    ignorePatterns: ['proto/gen', 'dist'],
    rules: baseRules,
    overrides: [
      ...rooms.flatMap(roomOverrides),
      { files: environmentReaders.map(globOf), rules: { 'no-restricted-properties': 'off' } },
      { files: ['test/**', '*.config.js'], rules: testRules },
      { files: ['**/*.mjs'], rules: untypedRules() },
    ],
  };
}

const testRules = {
  'no-loss-of-precision': 'off',
  'typescript/restrict-template-expressions': 'off',
  'no-restricted-properties': 'off',
  'import/no-default-export': 'off',
};

// The compiler does not read plain JavaScript, so every value in it looks unsafe.
function untypedRules(): object {
  const names = Object.keys(baseRules).filter((name) => name.startsWith('typescript/no-unsafe-'));
  return Object.fromEntries(names.map((name) => [name, 'off']));
}

function roomOverrides(room: Room): object[] {
  const rules = { 'no-restricted-imports': importRule(room, []), ...(room.pure && pureRules()) };
  const special = Object.entries(moreOf(room)).map(([name, more]) => ({
    files: [`${room.path}/${name}`],
    rules: { 'no-restricted-imports': importRule(room, more) },
  }));
  return [{ files: [globOf(room.path)], rules }, ...special];
}

// Files that may use more than their room; programStarters says it for child_process.
function moreOf(room: Room): Record<string, readonly string[]> {
  const starters = programStarters.filter((path) => isInside(path, room.path));
  const names = starters.map((path) => path.slice(room.path.length + 1));
  return { ...Object.fromEntries(names.map((name) => [name, ['node:child_process']])), ...room.more };
}

function pureRules(): object {
  const chance = { object: 'Math', property: 'random' };
  return {
    'no-restricted-globals': ['error', ...impureGlobals],
    'no-restricted-properties': ['error', ...environmentReading(), chance],
  };
}

function environmentReading(): object[] {
  return ['env', 'argv'].map((property) => ({ object: 'process', property }));
}

// Patterns are tried in order; the last one refuses every package that it does not name.
function importRule(room: Room, more: readonly string[]): unknown[] {
  const patterns = [
    {
      regex: `/(${[...new Set(entries.map((path) => basename(path, '.ts')))].join('|')})\\.ts$`,
      message: `${entries.join(', ')} are entries: nobody imports them.`,
    },
    ...closedDoors(room),
    {
      group: ['*', '!./**', '!../**', ...openPackages(room, more)],
      message: `The import table does not give this to ${room.path}.`,
    },
  ];
  return ['error', { patterns }];
}

function closedDoors(room: Room): object[] {
  const others = rooms
    .map(({ path }) => path)
    .filter((path) => path !== room.path && !path.endsWith('.ts') && !isInside(room.path, path));
  const reached = (path: string, door: Door): boolean =>
    isInside(placeOf(door), path) || isInside(path, placeOf(door));
  const open = (path: string): boolean =>
    room.ours.some((door) => typeof door === 'string' && reached(path, door));
  const closed = others.filter((path) => !open(path));
  const typesOnly = closed.filter((path) => room.ours.some((door) => reached(path, door)));
  const refuse = (paths: readonly string[], rest: object): object[] =>
    paths.length === 0
      ? []
      : [{ regex: `^(\\.\\./)+(${paths.map((path) => relativeName(room, path)).join('|')})/`, ...rest }];
  return [
    ...refuse(
      closed.filter((path) => !typesOnly.includes(path)),
      { message: `The import table does not open this room to ${room.path}.` },
    ),
    ...refuse(typesOnly, {
      allowTypeImports: true,
      message: `The import table opens only the types of this room to ${room.path}.`,
    }),
  ];
}

// `../store/x.ts` within one process, `../../agent/store/x.ts` from elsewhere.
function relativeName(room: Room, path: string): string {
  const ownProcess = processes.find((name) => isInside(room.path, name));
  const shared = ownProcess !== undefined && path.startsWith(`${ownProcess}/`);
  return shared ? path.slice(ownProcess.length + 1) : path;
}

// In the manner of .gitignore: a later pattern overrules an earlier one, `!` opens.
function openPackages(room: Room, more: readonly string[]): string[] {
  const builtins = [...harmless, ...(room.node === 'any' ? ['*'] : (room.node ?? []))];
  const open = (names: readonly string[]): string[] => names.flatMap((name) => [`!${name}`, `!${name}/**`]);
  const named = open([...builtins.map((name) => `node:${name}`), ...(room.npm ?? [])]);
  return [...named, 'node:child_process', ...open(more)];
}

function globOf(place: string): string {
  return place.includes('.') ? place : `${place}/**`;
}
