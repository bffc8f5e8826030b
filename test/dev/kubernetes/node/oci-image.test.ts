// An image is a tar that any reader of tars unpacks, and every digest in it is true.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { runChecked, systemExec } from '../../../../daemon/exec.ts';
import { type ImageSource, imageTar } from '../../../../dev/kubernetes/node/oci-image.ts';
import { scratch } from '../../../support/scratch.ts';

const exec = systemExec(process.env);
const portal: ImageSource = {
  names: ['tre.local/portal:1', 'tre.local/portal:2'],
  program: Buffer.from('#!/bin/sh\n'),
  path: '/portal',
  environment: { VERSION: '1' },
};

async function unpacked(t: ExecutionContext, tar: Uint8Array): Promise<string> {
  const folder = scratch(t);
  writeFileSync(join(folder, 'image.tar'), tar);
  await runChecked(exec, 'tar', ['-xf', 'image.tar'], { cwd: folder });
  return folder;
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

test('every name leads to a config and a layer with the program, by true digests', async (t) => {
  const folder = await unpacked(t, imageTar([portal], 'amd64'));
  const blob = ({ digest, size }: Descriptor): Buffer => {
    const bytes = readFileSync(join(folder, 'blobs', digest.replace(':', '/')));
    t.is(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest);
    t.is(bytes.length, size);
    return bytes;
  };
  const read = (descriptor: Descriptor): Record<string, unknown> =>
    JSON.parse(blob(descriptor).toString()) as Record<string, unknown>;
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {
    readonly manifests: readonly Descriptor[];
  };
  t.deepEqual(
    index.manifests.map(({ annotations }) => annotations['io.containerd.image.name']),
    ['tre.local/portal:1', 'tre.local/portal:2'],
  );
  for (const descriptor of index.manifests) {
    const { config, layers } = read(descriptor) as { config: Descriptor; layers: [Descriptor] };
    t.like(read(config), {
      architecture: 'amd64',
      os: 'linux',
      config: { User: '65532:65532', Entrypoint: ['/portal'], Env: ['VERSION=1'] },
      rootfs: { diff_ids: [layers[0].digest] },
    });
    const root = await unpacked(t, blob(layers[0]));
    t.is(readFileSync(join(root, 'portal'), 'utf8'), '#!/bin/sh\n');
    const { stdout } = await runChecked(exec, 'tar', ['-tvf', 'image.tar'], { cwd: root });
    t.regex(stdout, /^-rwxr-xr-x 0\/0\s+10 .* portal$/m);
  }
});

test('the same program is kept once, whatever the number of images', async (t) => {
  const other = { ...portal, names: ['tre.local/other:1'], environment: { VERSION: '2' } };
  const folder = await unpacked(t, imageTar([portal, other], 'amd64'));
  // One layer, two configs, two manifests.
  t.is(readdirSync(join(folder, 'blobs/sha256')).length, 5);
});

test('the same input makes the same bytes', (t) => {
  t.deepEqual(imageTar([portal], 'arm64'), imageTar([portal], 'arm64'));
});
