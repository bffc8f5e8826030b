// A node pulls nothing: what the example asks for must be there.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { imageNames } from '../../../../dev/kubernetes/node/node-images.ts';

const examples = join(import.meta.dirname, '../../../../examples');

test('every image of the example is brought to the node', (t) => {
  const files = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.yaml'),
  );
  const named = files.flatMap((name) =>
    [...readFileSync(join(examples, name), 'utf8').matchAll(/^ *image: (\S+)$/gm)].map(
      ([, image]) => image ?? '',
    ),
  );
  t.true(named.length >= 5);
  t.deepEqual(
    named.filter((image) => !imageNames.includes(image)),
    [],
  );
});
