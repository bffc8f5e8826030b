// The doctor's own closed list: documented word for word, apart from the lists it borrows from, and every code in use.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { finding, ownFindings } from '../../../agent/doctor/findings.ts';
import { hopNames } from '../../../agent/doctor/hop.ts';
import { isConditionCode } from '../../../proto/conditions.ts';
import { isErrorCode } from '../../../proto/errors.ts';

const root = join(import.meta.dirname, '../../..');
const room = join(root, 'agent/doctor');

test('the runbook has every hop in order and every code with its words', (t) => {
  const lines = readFileSync(join(root, 'docs/runbooks/doctor.md'), 'utf8').split('\n');
  const first = lines.map((line) => /^\| ([^|]+) \|/.exec(line)?.[1] ?? '');
  t.deepEqual(
    first.filter((cell) => (hopNames as readonly string[]).includes(cell)),
    [...hopNames],
  );
  const rows = Object.entries(ownFindings).map(
    ([code, { text, next }]) => `| \`${code}\` | ${text} | ${next} |`,
  );
  t.deepEqual(
    lines.filter((line) => /^\| `[A-Z_0-9]+` \|/.test(line)),
    rows,
  );
});

test('no code means two things', (t) => {
  t.deepEqual(
    Object.keys(ownFindings).filter((code) => isErrorCode(code) || isConditionCode(code)),
    [],
  );
});

test('every code is found by some hop', (t) => {
  const sources = readdirSync(room)
    .filter((name) => name !== 'findings.ts')
    .map((name) => readFileSync(join(room, name), 'utf8'))
    .join('\n');
  t.deepEqual(
    Object.keys(ownFindings).filter((code) => !sources.includes(`'${code}'`)),
    [],
  );
});

test('borrowed codes keep their words and their severity', (t) => {
  t.like(finding('DATA_CORRUPT', 'x'), { severity: 'error', detail: 'x', firewall: null });
  t.like(finding('ClockNotSynchronised', ''), { severity: 'warning' });
  t.regex(finding('NodeSilent', '').next, /kubelet/);
});
