// What is made from something else is what it would be now: code of the contract, linter rules, tables of docs/,
// schema.sql.
// The contract itself is linted and breaks nothing that was released.

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemExec } from '../../daemon/exec.ts';
import { withTable } from '../../dev/architecture/doc-tables.ts';
import {
  contractFiles,
  documentFiles,
  lintFile,
  schemaFile,
  storeFolders,
} from '../../dev/architecture/generated.ts';
import { contractFindings, releasedFolder, staleFiles } from '../../dev/generate.ts';
import { conditions } from '../../proto/conditions.ts';
import { errors } from '../../proto/errors.ts';
import { scratch } from '../support/scratch.ts';
import { isProduct, readText, root, sources } from './sources.ts';

const exec = systemExec(process.env);

test('proto/gen is what buf generates from proto/tre, no file more or less', async (t) => {
  const files = await contractFiles(exec);
  t.true(files.length > 0);
  t.deepEqual(await staleFiles(files), []);
  const [first, ...rest] = files;
  t.deepEqual(await staleFiles(rest), [first?.path], 'a stray file is found');
  t.deepEqual(await staleFiles([{ path: first?.path ?? '', content: 'old' }, ...rest]), [first?.path]);
});

test('the contract passes buf lint and breaks no released version', async (t) => {
  t.deepEqual(await contractFindings(exec), []);
});

test('a field that got another number breaks what was released', async (t) => {
  const folder = scratch(t);
  for (const path of ['buf.yaml', 'proto/tre', releasedFolder])
    cpSync(join(root, path), join(folder, path), { recursive: true });
  const contract = join(folder, 'proto/tre/v1/content.proto');
  const text = readFileSync(contract, 'utf8');
  writeFileSync(contract, text.replace('bytes chunk = 4;', 'bytes chunk = 5;'));
  t.regex((await contractFindings(exec, folder)).join('\n'), /^buf breaking .*\n.*FetchResponse/);
});

test('the linter knows the import table as it is', async (t) => {
  const { path, content } = lintFile();
  t.is(readText(path), content, 'run: npm run generate');
});

test('the tables of docs/ say what the data says', async (t) => {
  for (const { path, content } of await documentFiles())
    t.is(readText(path), content, `${path}: run: npm run docs`);
});

test('schema.sql is the sum of the migrations', async (t) => {
  for (const folder of storeFolders) {
    const { path, content } = await schemaFile(folder);
    t.true(content.includes('CREATE TABLE'));
    t.is(readText(path), content, `${path}: run: npm run generate`);
  }
});

test('every error and every condition is documented with what to do', (t) => {
  const undocumented = (
    path: string,
    codes: Readonly<Record<string, { text: string; next: string }>>,
  ): string[] => {
    const rows = readText(path).split('\n');
    const isDocumented = ([code, { text, next }]: [string, { text: string; next: string }]): boolean =>
      text.endsWith('.') && next.endsWith('.') && rows.some((row) => row.startsWith(`| \`${code}\` |`));
    return Object.entries(codes)
      .filter((entry) => !isDocumented(entry))
      .map(([code]) => code);
  };
  t.deepEqual(undocumented('docs/errors.md', errors), []);
  t.deepEqual(undocumented('docs/conditions.md', conditions), []);
  t.deepEqual(undocumented('docs/errors.md', { NOT_A_CODE: { text: 'A.', next: 'B.' } }), ['NOT_A_CODE']);
});

test('every error and every condition is said somewhere', (t) => {
  const lists = ['proto/errors.ts', 'proto/conditions.ts'];
  const texts = sources()
    .filter(({ path }) => isProduct(path) && !lists.includes(path))
    .map(({ text }) => text);
  const silent = [...Object.keys(errors), ...Object.keys(conditions)].filter(
    (code) => !texts.some((text) => new RegExp(`\\b${code}\\b`).test(text)),
  );
  t.deepEqual(silent, []);
});

test('a document that lost the marks of its table is refused', (t) => {
  const text = '# A\n<!-- table errors: written by npm run docs -->\nold\n<!-- end of table -->\nend\n';
  t.is(withTable(text, 'errors', 'new'), text.replace('old', 'new'));
  t.throws(() => withTable('# A\n', 'errors', 'new'), { message: /marks of the table errors/ });
});
