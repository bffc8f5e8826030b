// Seven dates of a real K8TRE site: every one builds with the named patches and the world it stands on, and its known
// defect is refused by file and line without them. Skipped, and saying so, where the data are not at hand.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { environment } from '../../daemon/config.ts';
import { systemFiles as files } from '../../daemon/files.ts';
import { k8treDataFolder, k8treDates, prepareK8tre } from '../../dev/k8tre.ts';
import { k8treWorld } from '../../dev/k8tre-world.ts';
import { buildFolder, built } from '../support/release-source.ts';
import { scratch } from '../support/scratch.ts';

const data = k8treDataFolder(environment());
const dates = await k8treDates(files, data);
const counts = [113, 113, 113, 120, 120, 120, 134];

if (dates.length === 0) {
  test.skip(`no K8TRE data in ${data}: set TRE_K8TRE_DIR to run these`, (t) => t.pass());
} else {
  test('there are seven dates', (t) => t.is(dates.length, counts.length));

  for (const [index, date] of dates.entries()) {
    for (const endpointSelector of ['permissive', 'typed'] as const) {
      test(`${date} builds on a ${endpointSelector} world`, async (t) => {
        const out = scratch(t);
        await prepareK8tre({ files, data, date, out, endpointSelector });
        const { release } = built(await buildFolder(out));
        const own = release.objects.filter((object) => object.component !== 'world');
        t.is(own.length, counts[index] ?? 0);
        t.is(release.objects.length - own.length, k8treWorld({ endpointSelector }).length);
        t.is(release.kubernetes.length, 3);
      });
    }

    test(`${date} is refused without its patches, by file and line`, async (t) => {
      const out = scratch(t);
      await prepareK8tre({ files, data, date, out, endpointSelector: 'permissive' });
      const yaml = readFileSync(join(out, 'release.yaml'), 'utf8');
      writeFileSync(join(out, 'release.yaml'), yaml.slice(0, yaml.indexOf('patches:')));
      const result = await buildFolder(out);
      if (result.ok) return t.fail('it was built');
      const [job, ...others] = result.problems.filter((problem) => problem.code === 'FIELD_UNKNOWN');
      t.deepEqual(others, []);
      t.regex(
        job?.detail ?? '',
        /^Job jupyterhub\/patch-hub-rolebinding: \.spec\.restartPolicy is not a field/,
      );
      const lines = readFileSync(job?.file ?? '', 'utf8').split('\n');
      t.is(lines[(job?.line ?? 0) - 1], '  restartPolicy: OnFailure');
      t.is(
        lines.slice(0, job?.line).findLast((line) => line.startsWith('  name: ')),
        '  name: patch-hub-rolebinding',
      );
    });
  }

  test('the first three dates are the same objects, and a build is the same twice', async (t) => {
    const builds = await Promise.all(
      dates.slice(0, 3).map(async (date) => {
        const out = scratch(t);
        await prepareK8tre({ files, data, date, out, endpointSelector: 'permissive' });
        return [built(await buildFolder(out)), built(await buildFolder(out))] as const;
      }),
    );
    const [first] = builds;
    for (const [one, two] of builds) {
      t.deepEqual(one.manifest, two.manifest);
      t.deepEqual(one.release.objects, first?.[0].release.objects);
    }
  });
}
