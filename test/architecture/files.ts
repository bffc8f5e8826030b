// What every file must look like: length, header, name, functions, words. Each check takes one source and answers
// with sentences `file:line: ...`, empty when all is well. Used by files.test.ts, on this repository and on
// bad samples.

import { basename } from 'node:path/posix';
import type { AnyNode } from 'acorn';
import { environmentReaders, isInside, roomOf } from '../../dev/architecture/import-table.ts';
import { isProduct, type Source, typeSyntax, walkTree } from './sources.ts';

export const limits = {
  medianLines: 90,
  p95Lines: 250,
  maxLines: 400,
  maxTestLines: 800,
  functionLines: 50,
  parameters: 4,
  headerLines: [2, 8],
  // A test's path already names its subject.
  testHeaderLines: [1, 8],
} as const;

const bannedNames = [
  'index',
  'utils',
  'util',
  'helpers',
  'common',
  'lib',
  'types',
  'manager',
  'shared',
  'misc',
];

export function linesOf(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** Value below which the share `part` of the numbers lies. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

export function tooLong({ path, text }: Source): string[] {
  const limit = isProduct(path) ? limits.maxLines : limits.maxTestLines;
  const lines = linesOf(text);
  return lines > limit ? [`${path}: ${lines} lines, more than ${limit}`] : [];
}

export function badHeader({ path, text }: Source): string[] {
  const lines = text.split('\n');
  const first = lines[0]?.startsWith('#!') ? 1 : 0;
  const end = lines.findIndex((line, index) => index >= first && !line.startsWith('//'));
  const count = end - first;
  const [least, most] = isProduct(path) ? limits.headerLines : limits.testHeaderLines;
  return count < least || count > most
    ? [`${path}: a header of ${count} lines, not ${least} to ${most}`]
    : [];
}

export function badName(path: string): string[] {
  const parts = path.split('/').map((part) => part.split('.')[0] ?? part);
  const banned = parts.filter((part) => bannedNames.includes(part) || part.endsWith('-manager'));
  // A program that a test starts may begin with `_`: the test runner leaves it alone.
  const wrong = /^_?[a-z0-9.-]+$/.test(basename(path)) ? [] : ['not in kebab-case'];
  return [...banned.map((part) => `the name ${part} says nothing`), ...wrong].map((why) => `${path}: ${why}`);
}

export function longFunctions({ path, tree }: Source): string[] {
  return complaints(path, tree, (node) => {
    if (!isFunction(node)) return undefined;
    const lines = (node.loc?.end.line ?? 0) - (node.loc?.start.line ?? 0) + 1;
    if (node.params.length > limits.parameters)
      return `${node.params.length} parameters, more than ${limits.parameters}`;
    return lines > limits.functionLines
      ? `a function of ${lines} lines, more than ${limits.functionLines}`
      : undefined;
  });
}

export function defaultExports({ path, tree }: Source): string[] {
  return complaints(path, tree, (node) =>
    node.type === 'ExportDefaultDeclaration' ? 'a default export' : undefined,
  );
}

/** The type that switches the compiler off. */
export function anyTypes(source: Source): string[] {
  const withoutStrings = typeSyntax(source).replaceAll(/'[^'\n]*'|`[^`]*`/g, (text) =>
    ' '.repeat(text.length),
  );
  const lines = withoutStrings.split('\n');
  return lines.flatMap((line, index) =>
    /\bany\b/.test(line) ? [`${source.path}:${index + 1}: the type any`] : [],
  );
}

/** `process.env` and `process.argv`, also when imported from node:process, where they may not be read. */
export function environmentReading({ path, tree }: Source): string[] {
  if (environmentReaders.some((place) => isInside(path, place))) return [];
  const names = ['env', 'argv'];
  return complaints(path, tree, (node) => {
    const member =
      node.type === 'MemberExpression' && isNamed(node.object, 'process') ? nameOf(node.property) : '';
    const imported = node.type === 'ImportSpecifier' ? nameOf(node.imported) : '';
    return names.includes(member) || names.includes(imported)
      ? 'reads the environment or the command line'
      : undefined;
  });
}

const impure = new Set(
  'Date process performance crypto fetch console setTimeout setInterval setImmediate queueMicrotask'.split(
    ' ',
  ),
);

/** Time, chance, waiting and output in a room that the table calls pure. */
export function impurities({ path, tree }: Source): string[] {
  if (roomOf(path)?.pure !== true) return [];
  const labels = new Set<unknown>();
  return complaints(path, tree, (node) => {
    if (node.type === 'MemberExpression' && !node.computed) labels.add(node.property);
    if (node.type === 'Property' && !node.computed) labels.add(node.key);
    if (node.type === 'AwaitExpression' || (isFunction(node) && node.async)) return 'is asynchronous';
    if (
      node.type === 'MemberExpression' &&
      isNamed(node.object, 'Math') &&
      isNamed(node.property, 'random')
    ) {
      return 'uses Math.random';
    }
    const isGlobal = node.type === 'Identifier' && impure.has(node.name) && !labels.has(node);
    return isGlobal ? `uses ${node.name}` : undefined;
  });
}

function complaints(path: string, tree: AnyNode, judge: (node: AnyNode) => string | undefined): string[] {
  const found: string[] = [];
  walkTree(tree, (node) => {
    const complaint = judge(node);
    if (complaint !== undefined) found.push(`${path}:${node.loc?.start.line}: ${complaint}`);
  });
  return found;
}

type FunctionNode = Extract<AnyNode, { params: unknown }>;

function isFunction(node: AnyNode): node is FunctionNode {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(node.type);
}

function isNamed(node: AnyNode, name: string): boolean {
  return nameOf(node) === name;
}

function nameOf(node: AnyNode): string {
  return node.type === 'Identifier' ? node.name : '';
}
