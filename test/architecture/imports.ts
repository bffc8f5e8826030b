// What a source file imports and whether the import table allows it; cycles in the resulting graph.
// Invariant: nothing is guessed from text alone: value imports come from the syntax tree, type imports from
// what Node's stripper removed. Used by imports.test.ts, on this repository and on bad samples.

import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path/posix';
import {
  entries,
  harmless,
  isInside,
  placeOf,
  processes,
  programStarters,
  type Room,
  roomOf,
} from '../../dev/architecture/import-table.ts';
import { lineAt, type Source, typeSyntax, walkTree } from './sources.ts';

export interface Import {
  readonly specifier: string;
  /** `import type`: gone at run time. */
  readonly types: boolean;
  readonly line: number;
}

/** Every import and re-export of a file, in the order of its lines. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  walkTree(source.tree, (node) => {
    if (!('source' in node) || node.source === null || node.source === undefined) return;
    const { value } = node.source as { value?: unknown };
    if (typeof value === 'string') {
      found.push({ specifier: value, types: false, line: lineAt(source.text, node.start) });
    }
  });
  const typeImport = /(?:\bfrom\s*|\bimport\(\s*)'([^']+)'/g;
  for (const match of typeSyntax(source).matchAll(typeImport)) {
    found.push({ specifier: match[1] ?? '', types: true, line: lineAt(source.text, match.index) });
  }
  return found.sort((a, b) => a.line - b.line);
}

/** What a file must not import, as sentences `file:line: ...`; empty when all is allowed. */
export function forbiddenImports(source: Source): string[] {
  const room = roomOf(source.path);
  if (room === undefined) return [`${source.path}: lies in no room of the import table`];
  return importsOf(source).flatMap((one) => {
    const reason = one.specifier.startsWith('.')
      ? forbiddenDoor(room, source.path, one)
      : forbiddenPackage(room, source.path, one.specifier);
    return reason === undefined ? [] : [`${source.path}:${one.line}: ${reason}`];
  });
}

/** The file that a relative specifier names. */
export function resolve(path: string, specifier: string): string {
  return join(dirname(path), specifier);
}

function forbiddenDoor(room: Room, path: string, { specifier, types }: Import): string | undefined {
  const target = resolve(path, specifier);
  if (entries.includes(target)) return `${target} is an entry: nobody imports it`;
  const ownProcess = processes.find((name) => isInside(path, name));
  const otherProcess = processes.find((name) => isInside(target, name));
  if (ownProcess !== undefined && otherProcess !== undefined && ownProcess !== otherProcess) {
    return `${ownProcess} and ${otherProcess} never import each other (${target})`;
  }
  if (roomOf(target) === room) return undefined;
  const doors = room.ours.filter((door) => isInside(target, placeOf(door)));
  if (doors.some((door) => typeof door === 'string' || types)) return undefined;
  return doors.length > 0
    ? `${room.path} may import only types of ${target}`
    : `${room.path} may not import ${target}`;
}

function forbiddenPackage(room: Room, path: string, specifier: string): string | undefined {
  const more = room.more?.[path.slice(room.path.length + 1)] ?? [];
  if (more.includes(packageOf(specifier))) return undefined;
  if (!isBuiltin(specifier)) {
    return room.npm?.includes(packageOf(specifier)) ? undefined : `${room.path} may not use ${specifier}`;
  }
  if (!specifier.startsWith('node:')) return `write node:${specifier}`;
  if (specifier === 'node:child_process' && !programStarters.includes(path)) {
    return `only ${programStarters.join(', ')} may start programs (${specifier})`;
  }
  const name = specifier.slice('node:'.length);
  const allowed =
    room.node === 'any' || [...harmless, ...(room.node ?? [])].some((one) => isInside(name, one));
  return allowed ? undefined : `${room.path} may not use ${specifier}`;
}

/** Name of the package (or built-in module) that a specifier belongs to. */
export function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Import cycles, types included, each as `a -> b -> a`; every cycle is reported at least once. */
export function cyclesOf(sources: readonly Source[]): string[] {
  const graph = new Map(sources.map((source) => [source.path, neighboursOf(source)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const from = trail.indexOf(path);
    if (from !== -1) cycles.push([...trail.slice(from), path].join(' -> '));
    if (from !== -1 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
}

function neighboursOf(source: Source): string[] {
  const relative = importsOf(source).filter(({ specifier }) => specifier.startsWith('.'));
  return [...new Set(relative.map(({ specifier }) => resolve(source.path, specifier)))];
}
