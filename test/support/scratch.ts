// A folder for one test, gone when the test is over.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function scratch(t: { teardown(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'tre-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
