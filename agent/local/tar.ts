// Files as a tar archive (POSIX ustar): enough for a few small files with short names, readable by any tar. PURE.
// Called by support-command.ts.

export interface ArchivedFile {
  /** At most 99 plain characters. */
  readonly name: string;
  readonly content: Uint8Array;
}

const blockBytes = 512;

/** The archive; `atMs` becomes the time of every file, which belongs to nobody and only its owner may read. */
export function tarOf(files: readonly ArchivedFile[], atMs: number): Buffer {
  const parts = files.flatMap(({ name, content }) => [
    headerOf(name, content.length, atMs),
    content,
    Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

function headerOf(name: string, size: number, atMs: number): Buffer {
  if (!/^[\w./-]{1,99}$/.test(name)) throw new RangeError('not a name for an archive');
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o600, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(Math.floor(atMs / 1000), 11), 136);
  // The sum is made as if its own place held spaces.
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
