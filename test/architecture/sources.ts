// The files of this repository as the architecture tests see them: paths from the root, text, syntax tree.
// Types are blanked by Node's own stripper, which keeps every position, so that a plain JavaScript parser
// reads the rest and what was blanked is exactly the type syntax. Used by the checks beside this file.

import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { type AnyNode, parse } from 'acorn';

export const root = join(import.meta.dirname, '..', '..');

export interface Source {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** `text` with its type syntax blanked, of the same length. */
  readonly code: string;
  readonly tree: AnyNode;
}

/** Parses one file; `text` may be a sample. */
export function parseSource(path: string, text: string): Source {
  const code = path.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
  const tree = parse(code, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    locations: true,
    allowHashBang: true,
  });
  return { path, text, code, tree };
}

/** Every text file that is ours: what .gitignore names, version control and generated lockfiles are not. */
export function allFiles(): string[] {
  const ignored = readFileSync(join(root, '.gitignore'), 'utf8').split('\n').filter(Boolean);
  const isIgnored = (name: string): boolean =>
    name === '.git' ||
    ignored.some((line) =>
      line.startsWith('*') ? name.endsWith(line.slice(1)) : name === line.replace(/\/$/, ''),
    );
  const walk = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => !isIgnored(entry.name))
      .flatMap((entry) => {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
        return entry.isDirectory() ? walk(path) : [path];
      });
  return walk('').sort();
}

/** The hand-written TypeScript and module files. */
export function handWritten(): string[] {
  return allFiles().filter((path) => /\.(ts|mjs)$/.test(path) && !path.startsWith('proto/gen/'));
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

let cached: readonly Source[] | undefined;

/** Every hand-written file, parsed once per test process. */
export function sources(): readonly Source[] {
  cached ??= handWritten().map((path) => parseSource(path, readText(path)));
  return cached;
}

/** True for what is part of the product; tests have their own, wider limits. */
export function isProduct(path: string): boolean {
  return !path.startsWith('test/');
}

/** Calls `visit` for every node of the tree, parents first. */
export function walkTree(node: AnyNode, visit: (node: AnyNode) => void): void {
  visit(node);
  for (const value of Object.values(node) as unknown[]) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isNode(child)) walkTree(child, visit);
    }
  }
}

/** Line of a position, from 1. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

/** The type syntax of a file: what was blanked, without its comments; everything else is spaces. */
export function typeSyntax({ text, code }: Source): string {
  const erased = text.replaceAll(/[^\n]/g, (unit, index: number) => (code[index] === unit ? ' ' : unit));
  return erased.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replaceAll(/[^\n]/g, ' '));
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
