// Every planner-*.txt here is told and compared with its .out, line by line. To accept what changed, run with
// TRE_WRITE_GOLDENS=1 and read the difference before you commit it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { tell } from '../support/planner-story.ts';

const stories = readdirSync(import.meta.dirname).filter((name) => /^planner-.*\.txt$/.test(name));

test('there are stories', (t) => {
  t.true(stories.length > 0);
});

for (const story of stories)
  test(story, (t) => {
    const path = `${import.meta.dirname}/${story}`;
    const golden = path.replace(/txt$/, 'out');
    const told = tell(readFileSync(path, 'utf8'));
    if (process.env['TRE_WRITE_GOLDENS'] === '1') writeFileSync(golden, told);
    t.is(told, readFileSync(golden, 'utf8'));
  });
