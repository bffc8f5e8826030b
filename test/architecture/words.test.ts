// The repository speaks of the product alone.

import test from 'ava';
import { allFiles, readText } from './sources.ts';
import { badWords } from './words.ts';

const binary = /\.(binpb|zst|png|ico|gz|node)$/;

test('no file speaks of unfinished work, one machine, a registry or a ticket', (t) => {
  const files = allFiles().filter((path) => !binary.test(path) && !path.startsWith('proto/gen/'));
  t.deepEqual(
    files.flatMap((path) => badWords(path, readText(path))),
    [],
  );
});

const found = test.macro({
  exec(t, line: string, what: string) {
    t.deepEqual(badWords('a.md', `fine\n${line}\n`), [`a.md:2: ${what}`]);
  },
  title: (_, line) => `found: ${line}`,
});

test(found, `// ${'TO'}DO: later`, 'unfinished work');
test(found, `cd ${'/ho'}me/somebody/tre`, 'a path of one machine');
test(found, `'${'/tm'}p/x'`, 'a path of one machine');
test(found, `https://registry.${'npm'}js.org/x`, 'the host of a registry');
test(found, `see issue ${'#'}12`, 'the number of a ticket');
test(found, `shared${'/'}research/apply.md`, 'a paper outside of the repository');

test('what looks alike is allowed', (t) => {
  const lines = [
    '~/work/a',
    'src/tmp/',
    'var/tmp/x',
    'todo list of a person',
    'an issue of trust',
    '${dir}/root/x',
  ];
  t.deepEqual(badWords('a.md', lines.join('\n')), []);
});
