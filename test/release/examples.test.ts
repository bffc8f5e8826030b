// The small TRE of examples/: every version builds for every Kubernetes we know, and the steps between them are the
// ones that its README promises.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { objectId } from '../../proto/document.ts';
import { type JsonValue, objectLimits, readJson } from '../../proto/strict-json.ts';
import { type DiffSide, diffReleases } from '../../release/diff.ts';
import { buildFolder, built } from '../support/release-source.ts';

const folder = join(import.meta.dirname, '../../examples/small-tre');

async function side(version: string): Promise<DiffSide> {
  const { release, blobs } = built(await buildFolder(join(folder, version)));
  const object = (digest: string): JsonValue => readJson(blobs.get(digest) ?? new Uint8Array(), objectLimits);
  return { release, object };
}

const [v1, v2, v3] = await Promise.all([side('v1'), side('v2'), side('v3')]);

test('all versions are validated against three Kubernetes minors and have one parameter of each type', (t) => {
  for (const { release } of [v1, v2, v3]) {
    t.deepEqual(release.kubernetes, ['1.35', '1.36', '1.37']);
    t.deepEqual(release.parameters.map((parameter) => parameter.type).sort(), [
      'boolean',
      'cidr',
      'enum',
      'integer',
      'string',
    ]);
  }
});

test('version 2 changes, adds and removes', (t) => {
  const found = diffReleases(v1, v2);
  t.deepEqual(found.removed.map(objectId), ['/ConfigMap/tre-portal/portal-banner']);
  t.true(found.added.map(objectId).includes('tre.example.org/Project/project-lung/lung'));
  t.deepEqual(
    found.changed.map(({ object }) => objectId(object)),
    [
      '/ResourceQuota/project-heart/project',
      '/ConfigMap/tre-portal/portal-settings',
      'apps/Deployment/tre-portal/portal',
    ],
  );
});

test('version 3 changes the template of the Job and nothing else', (t) => {
  const found = diffReleases(v2, v3);
  t.deepEqual([found.added, found.removed], [[], []]);
  t.deepEqual(
    found.changed.map(({ object }) => objectId(object)),
    ['batch/Job/tre-portal/portal-setup'],
  );
  for (const { pointer } of found.changed[0]?.fields ?? []) t.true(pointer.startsWith('/spec/template/'));
});

test('text that looks like a variable stays as it is', (t) => {
  const settings = v1.release.objects.find((object) => object.name === 'portal-settings');
  t.regex(JSON.stringify(v1.object(settings?.digest ?? '')), /Welcome to \$\{title\}/);
  t.regex(readFileSync(join(folder, 'v1/portal/portal.yaml'), 'utf8'), /Welcome to \$\{title\}/);
});
