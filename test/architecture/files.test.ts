// Small files that say what they are for, small functions, no type `any`, no hidden input: each rule on every
// hand-written file, and on a sample that breaks it.

import test from 'ava';
import {
  anyTypes,
  badHeader,
  badName,
  defaultExports,
  environmentReading,
  impurities,
  limits,
  linesOf,
  longFunctions,
  quantile,
  tooLong,
} from './files.ts';
import { allFiles, isProduct, parseSource, type Source, sources } from './sources.ts';

const all = sources();
const product = all.filter(({ path }) => isProduct(path));
const lengths = product.map(({ text }) => linesOf(text));

test('the median file is short', (t) => {
  t.true(quantile(lengths, 0.5) <= limits.medianLines, `${quantile(lengths, 0.5)} lines`);
});

test('nineteen files in twenty are not long', (t) => {
  t.true(quantile(lengths, 0.95) <= limits.p95Lines, `${quantile(lengths, 0.95)} lines`);
});

const holds = test.macro({
  exec(t, files: readonly Source[], check: (source: Source) => string[]) {
    t.true(files.length > 0);
    t.deepEqual(files.flatMap(check), []);
  },
  title: (name = '') => `in every file: ${name}`,
});

test('no more lines than the cap', holds, all, tooLong);
test('a header says what the file is for', holds, all, badHeader);
test('functions are short and take few parameters', holds, product, longFunctions);
test('no default export', holds, all, defaultExports);
test('no type any', holds, all, anyTypes);
test('environment and command line are read in their places only', holds, product, environmentReading);
test('pure rooms are pure', holds, all, impurities);

test('every name says what is inside', (t) => {
  t.deepEqual(
    allFiles()
      .filter((path) => /\.(ts|mjs|js)$/.test(path) && !path.startsWith('proto/gen/'))
      .flatMap(badName),
    [],
  );
});

test('the folder of what any process needs stays small', (t) => {
  const daemon = product.filter(({ path }) => path.startsWith('daemon/')).map(({ path }) => path);
  t.true(daemon.length <= 16, `${daemon.length} files: ${daemon.join(', ')}`);
});

const found = test.macro({
  exec(t, check: (source: Source) => string[], path: string, text: string, expected: string) {
    t.deepEqual(check(parseSource(path, text)), [`${path}${expected}`]);
  },
  title: (name = '') => `found: ${name}`,
});

const lines = (count: number): string => 'f();\n'.repeat(count);

test('a file over the cap', found, tooLong, 'cli/a.ts', lines(401), ': 401 lines, more than 400');
test('a test over its cap', found, tooLong, 'test/a.ts', lines(801), ': 801 lines, more than 800');
test('no header', found, badHeader, 'cli/a.ts', 'f();\n', ': a header of 0 lines, not 2 to 8');
test(
  'a header of one line',
  found,
  badHeader,
  'cli/a.ts',
  '// One.\nf();\n',
  ': a header of 1 lines, not 2 to 8',
);
test(
  'a short header after #!',
  found,
  badHeader,
  'bin/a.mjs',
  '#!x\n// a\nf();\n',
  ': a header of 1 lines, not 2 to 8',
);
test(
  'a long header',
  found,
  badHeader,
  'a.ts',
  `${'//\n'.repeat(9)}f();\n`,
  ': a header of 9 lines, not 2 to 8',
);
test('a default export', found, defaultExports, 'a.ts', 'export default 1;', ':1: a default export');
test('any as a type', found, anyTypes, 'a.ts', '\nconst a = f() as any;', ':2: the type any');
test(
  'any in an interface',
  found,
  anyTypes,
  'a.ts',
  '/** any */ interface A { /* any */ a: any[] }',
  ':1: the type any',
);
test(
  'five parameters',
  found,
  longFunctions,
  'a.ts',
  'const f = (a, b, c, d, e) => 1;',
  ':1: 5 parameters, more than 4',
);
test(
  'a long method',
  found,
  longFunctions,
  'a.ts',
  `const o = { m(): void {\n${lines(49)}} };`,
  ':1: a function of 51 lines, more than 50',
);
test(
  'the environment',
  found,
  environmentReading,
  'agent/a.ts',
  'f(process.env.HOME);',
  ':1: reads the environment or the command line',
);
test(
  'the command line, imported',
  found,
  environmentReading,
  'agent/a.ts',
  `import { argv } from 'node:process';`,
  ':1: reads the environment or the command line',
);
test('a clock in a pure room', found, impurities, 'agent/plan/a.ts', 'f(Date.now());', ':1: uses Date');
test(
  'chance in a pure room',
  found,
  impurities,
  'agent/plan/a.ts',
  'f(Math.random());',
  ':1: uses Math.random',
);
test(
  'waiting in a pure room',
  found,
  impurities,
  'agent/plan/a.ts',
  'async function f() {}',
  ':1: is asynchronous',
);

test('what is allowed is not found', (t) => {
  const header = '// What it is for.\n// Who calls it.\n';
  const text = `${header}export const any = 'any';\nexport function f(a: 'any'): void {\n  a.process({ fetch: 1 });\n}\n`;
  const source = parseSource('agent/plan/a.ts', text);
  const checks = [
    tooLong,
    badHeader,
    longFunctions,
    defaultExports,
    anyTypes,
    environmentReading,
    impurities,
  ];
  t.deepEqual(
    checks.flatMap((check) => check(source)),
    [],
  );
  t.deepEqual(environmentReading(parseSource('cli/a.ts', 'f(process.argv);')), []);
});

test('names that say nothing are found', (t) => {
  const names = [
    'agent/utils/a.ts',
    'cli/index.ts',
    'cli/types.ts',
    'agent/job-manager.ts',
    'cli/siteList.ts',
  ];
  t.deepEqual(
    names.filter((name) => badName(name).length === 0),
    [],
  );
  t.deepEqual(badName('agent/plan/plan.test.ts'), []);
});

test('quantiles are values of the list', (t) => {
  t.is(quantile([3, 1, 2], 0.5), 2);
  t.is(quantile([1, 2, 3, 4], 0.95), 4);
  t.is(quantile([], 0.5), 0);
});
