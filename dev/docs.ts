// `npm run docs`: writes the tables of docs/errors.md, docs/conditions.md and docs/architecture.md from the closed
// lists of proto/ and the import table. For whoever adds a code; `npm run generate` does the same and more.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { documentFiles, root } from './architecture/generated.ts';

for (const { path, content } of await documentFiles()) {
  await writeFile(join(root, path), content);
  console.log(path);
}
