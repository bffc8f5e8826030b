// Container images without a registry and without docker: an OCI image layout as one tar, each image one static program
// in one layer. Pure: bytes in, bytes out, the same for the same input. Called by node-images.ts, and by tests that need an
// image of their own.
import { createHash } from 'node:crypto';

export interface ImageSource {
  /** `name:tag` under which it is imported; several names cost nothing more. */
  readonly names: readonly string[];
  /** A static program. */
  readonly program: Uint8Array;
  /** Path of the program inside; also its entry point. */
  readonly path: string;
  readonly environment?: Readonly<Record<string, string>>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

const oci = 'application/vnd.oci.image';
/** Nobody: what runs in these images is not root. */
const user = 65_532;

/** A tar that `ctr images import` takes. */
export function imageTar(images: readonly ImageSource[], architecture: 'amd64' | 'arm64'): Uint8Array {
  const blobs = new Map<string, Uint8Array>();
  const keep = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    blobs.set(`blobs/sha256/${hex}`, bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const manifests = images.flatMap((image) => {
    const manifest = keep(`${oci}.manifest.v1+json`, json(manifestOf(image, architecture, keep)));
    return image.names.map((name) => {
      return { ...manifest, annotations: { 'io.containerd.image.name': name } };
    });
  });
  return tar([
    { name: 'oci-layout', bytes: json({ imageLayoutVersion: '1.0.0' }), mode: 0o644 },
    { name: 'index.json', bytes: json({ schemaVersion: 2, manifests }), mode: 0o644 },
    ...[...blobs].map(([name, bytes]) => ({ name, bytes, mode: 0o644 })),
  ]);
}

function manifestOf(
  { program, path, environment = {} }: ImageSource,
  architecture: string,
  keep: (mediaType: string, bytes: Uint8Array) => Descriptor,
): object {
  const layer = keep(
    `${oci}.layer.v1.tar`,
    tar([{ name: path.replace(/^\//, ''), bytes: program, mode: 0o755 }]),
  );
  const config = {
    architecture,
    os: 'linux',
    config: {
      User: `${user}:${user}`,
      Entrypoint: [path],
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  };
  return {
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: keep(`${oci}.config.v1+json`, json(config)),
    layers: [layer],
  };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

interface TarEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

const blockBytes = 512;

/** A ustar archive of plain files, all of root and of no time. */
function tar(entries: readonly TarEntry[]): Uint8Array {
  const padded = (bytes: Uint8Array): Uint8Array =>
    Buffer.concat([bytes, Buffer.alloc((blockBytes - (bytes.length % blockBytes)) % blockBytes)]);
  const blocks = entries.flatMap((entry) => [header(entry), padded(entry.bytes)]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function header({ name, bytes, mode }: TarEntry): Uint8Array {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  // Name, mode, owner, group, size, time; the checksum counts its own field as blanks.
  block.write(name, 0, 100);
  block.write(octal(mode, 8) + octal(0, 8) + octal(0, 8) + octal(bytes.length, 12) + octal(0, 12), 100);
  block.write('        0', 148);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 7)} `, 148);
  return block;
}
