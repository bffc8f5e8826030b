// The upgrade chain of a real K8TRE site at seven dates on a real Kubernetes: forward through all of them and back to
// the first, with CRDs that take anything and with one that wants an object. The data are not part of this repository;
// where they are absent, one test stands here as skipped, with the reason in its title.

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { AgentStatus } from '../../agent/local/agent-status.ts';
import { systemFiles } from '../../daemon/files.ts';
import { k8treDataFolder, k8treDates, prepareK8tre } from '../../dev/k8tre.ts';
import type { WorldOptions } from '../../dev/k8tre-world.ts';
import { releaseWalk } from '../support/release-walk.ts';
import { type PublishedRelease, runningFleet } from '../support/running-fleet.ts';

/** Their templates change between the third date and the fourth, and a Job's template never may. */
const jobs = ['Job gateway/gateway-srv-patch', 'Job gitea/gitea-oauth-config'];
/** The API server keeps neither an empty list of names nor empty labels of a selector: both say nothing. */
const dropped = [
  'ClusterRole external-secrets-secret-store-access /rules/0/resourceNames',
  'NetworkPolicy cr8tor/egress-dns /spec/podSelector/matchLabels',
];
const claim = 'PersistentVolumeClaim ad/samba-ad-data';
const objectsOfDate = [113, 113, 113, 120, 120, 120, 134];

const data = k8treDataFolder(process.env);
const dates = await k8treDates(systemFiles, data);

async function thereAndBack(
  t: ExecutionContext,
  endpointSelector: WorldOptions['endpointSelector'],
): Promise<void> {
  const fleet = await runningFleet(t);
  const walk = releaseWalk(t, fleet);
  const releases: PublishedRelease[] = [];
  for (const date of dates) {
    const out = join(fleet.layout.root, 'k8tre', date);
    await prepareK8tre({ files: systemFiles, data, date, out, endpointSelector });
    releases.push(await fleet.publish(out));
  }
  t.deepEqual(releases.map(sizeWithoutWorld), objectsOfDate);

  const recreated = (index: number, before: number): readonly string[] =>
    (index === 3 && before === 2) || (index === 2 && before === 3) ? jobs : [];
  const journey = [0, 1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1, 0];
  for (const [step, index] of journey.entries()) {
    const release = releases[index];
    if (release === undefined) throw new RangeError(`there is no date ${index}`);
    await walk.to(release, { recreated: recreated(index, journey[step - 1] ?? index), dropped });
    if (step > 0 && index < 3 && (journey[step - 1] ?? index) < 3)
      t.deepEqual(
        await fleet.changes.mutations(),
        [],
        `${release.release}: identical, so nothing is changed`,
      );
  }
  t.deepEqual(walk.kept(), [claim]);
  const { kept } = (await fleet.commands.agentStatus()) as AgentStatus;
  t.deepEqual(kept, walk.kept(), 'what the person on site sees');
}

function sizeWithoutWorld({ objects }: PublishedRelease): number {
  return objects.filter(({ component }) => component !== 'world').length;
}

const journey = test.macro(thereAndBack);
const { skip } = test;

if (dates.length > 0) {
  test.serial(
    'a K8TRE site goes through seven dates and back, with CRDs that take anything',
    journey,
    'permissive',
  );
  test.serial(
    'a K8TRE site goes through seven dates and back, with a CRD that wants an object',
    journey,
    'typed',
  );
} else {
  skip(
    `a K8TRE site goes through seven dates and back (no data in ${data}; set TRE_K8TRE_DIR)`,
    journey,
    'typed',
  );
}
