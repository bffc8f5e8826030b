// The container images that a node of ours starts with: the example's, the sandbox, and the probe. Made from the
// programs of go-images. Images of the example are named by its releases; its versions differ in what they answer.
// Called by real-node.ts before the first pod can start.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImagePart } from '../go-builds.ts';
import { sandboxImage } from './node-settings.ts';
import { type ImageSource, imageTar } from './oci-image.ts';

/** Its one program is both ends of a flow: `serve --port N`, `reach --address IP --port N`. */
export const probeImage = 'tre.local/probe:1';
const example = 'registry.example/tre';

/** Name -> program and the version that it answers. */
const images: Readonly<Record<string, { readonly part: ImagePart; readonly version: string }>> = {
  [sandboxImage]: { part: 'pause', version: '1' },
  [probeImage]: { part: 'probe', version: '1' },
  [`${example}/portal:1.0.0`]: { part: 'portal', version: '1.0.0' },
  [`${example}/portal:1.1.0`]: { part: 'portal', version: '1.1.0' },
  [`${example}/workspace:1.0.0`]: { part: 'workspace', version: '1.0.0' },
  [`${example}/setup:1.0.0`]: { part: 'setup', version: '1.0.0' },
  [`${example}/setup:1.1.0`]: { part: 'setup', version: '1.1.0' },
};

/** Names of all of them. */
export const imageNames: readonly string[] = Object.keys(images);

/** All of them as one tar. `programs` is the folder of the built programs. */
export async function nodeImages(programs: string): Promise<Uint8Array> {
  const sources = Object.entries(images).map(async ([name, { part, version }]): Promise<ImageSource> => {
    return {
      names: [name],
      program: await readFile(join(programs, part)),
      path: `/${part}`,
      environment: { VERSION: version },
    };
  });
  return imageTar(await Promise.all(sources), process.arch === 'arm64' ? 'arm64' : 'amd64');
}
