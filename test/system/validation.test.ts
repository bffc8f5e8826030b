// What `release build` refuses and what a real API server refuses are the same: the kinds that it serves by default,
// and hundreds of damaged objects, each asked as a dry run. The server may refuse more (it knows what values mean),
// never less; and what it cannot even decode must be caught offline.

import { join } from 'node:path';
import test from 'ava';
import type { JsonObject } from '../../proto/strict-json.ts';
import { objectLimits, readJson } from '../../proto/strict-json.ts';
import { identify } from '../../release/identity.ts';
import { readKubernetesApis } from '../../release/kubernetes-data.ts';
import { Positions } from '../../release/read/positions.ts';
import { customKinds } from '../../release/validate/custom-kinds.ts';
import { judge, type Target } from '../../release/validate/judge.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';
import { liveObjects, nameOf } from '../support/live-objects.ts';
import { mutantOf } from '../support/mutants.ts';
import { buildFolder, built } from '../support/release-source.ts';
import { seededRandom } from '../support/seeded-random.ts';

const mutants = 400;
const seed = 20_260_415;
const source = join(import.meta.dirname, '../../examples/small-tre/v2');

const { release, blobs } = built(await buildFolder(source));
const objects = release.objects.map((entry) => {
  return { entry, value: readJson(blobs.get(entry.digest) ?? new Uint8Array(), objectLimits) as JsonObject };
});

// After the first await: AVA wants hooks and tests declared together.
const kubernetes = sharedKubernetes();

interface ServedKind {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** The data for the minor that this server is. */
async function target(): Promise<Target> {
  const { body } = await kubernetes().admin.request({ path: '/version' });
  const { major, minor } = body as { major: string; minor: string };
  const apis = (await readKubernetesApis()).filter((api) => api.minor === `${major}.${minor}`);
  return { apis, custom: customKinds(objects.map((object) => object.value)) };
}

test.serial('the kinds that we call served are the ones that the server serves by default', async (t) => {
  const { admin } = kubernetes();
  const { apis } = await target();
  t.is(apis.length, 1, 'this minor has data');
  const { body } = await admin.request({ path: '/apis' });
  const { groups } = body as { groups: { versions: { groupVersion: string }[] }[] };
  const versions = [
    'v1',
    ...groups.flatMap((group) => group.versions.map((version) => version.groupVersion)),
  ];
  let served = 0;
  for (const apiVersion of versions) {
    const list = await admin.request({ path: apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}` });
    for (const { name, kind, namespaced, verbs } of (list.body as { resources: ServedKind[] }).resources) {
      if (name.includes('/') || !verbs.includes('patch') || !verbs.includes('create')) continue;
      served++;
      const facts = apis[0]?.lookUp(apiVersion, kind);
      const scope = facts?.found === 'served' ? facts.scope : facts?.found;
      t.is(scope, namespaced ? 'Namespaced' : 'Cluster', `${apiVersion} ${kind}`);
    }
  }
  t.is(served, apis[0]?.kindCount ?? 0);
});

test.serial('what the server refuses to decode is refused offline, and nothing else is', async (t) => {
  const { admin } = kubernetes();
  const live = liveObjects(admin);
  const judgedBy = await target();
  const apply = async (object: (typeof objects)[number], value: JsonObject, query: string) => {
    const path = `${await live.pathOf(object.entry)}?fieldManager=test&force=true${query}`;
    return admin.request({ method: 'PATCH', path, body: value });
  };
  for (const object of objects) {
    if (!['Namespace', 'CustomResourceDefinition'].includes(object.entry.kind)) continue;
    t.is((await apply(object, object.value, '')).status, 201);
  }
  await served(live, objects.find((object) => object.entry.kind === 'Project')?.entry);

  const random = seededRandom(seed);
  const tally = { agreed: 0, missed: 0 };
  for (let done = 0; done < mutants; ) {
    const object = objects[Math.floor(random.next() * objects.length)];
    const mutant = object && mutantOf(object.value, random);
    if (object === undefined || mutant === undefined) continue;
    done++;
    const identity = identify({ ...nowhere, value: mutant.value });
    if (!identity.ok) continue;
    const findings = judge(mutant.value, identity.identity, judgedBy);
    const { status, body } = await apply(object, mutant.value, '&dryRun=All');
    const accepted = status <= 201;
    const what = `${nameOf(object.entry)}: ${mutant.what}`;
    t.false(findings.length > 0 && accepted, `false alarm: ${what}: ${findings[0]?.detail}`);
    t.false(findings.length === 0 && status === 500, `missed: ${what}: ${JSON.stringify(body)}`);
    if (findings.length > 0 === !accepted) tally.agreed++;
    else tally.missed++;
  }
  t.log(`${mutants} mutants: agreed on ${tally.agreed}; the server alone refused ${tally.missed}`);
  t.true(tally.missed < mutants * 0.1);
});

const nowhere = { component: '', defaultNamespace: undefined, file: '', line: 1, positions: new Positions() };

async function served(
  live: ReturnType<typeof liveObjects>,
  object: Parameters<typeof live.pathOf>[0] | undefined,
): Promise<void> {
  for (let tries = 0; object !== undefined; tries++) {
    const found = await live.get(object).then(
      () => true,
      () => false,
    );
    if (found || tries > 50) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
