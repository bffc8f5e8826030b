// Looks for texts in bytes: as they stand, and in the forms in which text is most often packed. Called by the trials that
// show that nothing leaves a hospital which should not.

/** Those of the texts that are in the bytes in any form. */
export function foundIn(bytes: Buffer, texts: readonly string[]): readonly string[] {
  return texts.filter((text) => formsOf(text).some((form) => bytes.includes(form)));
}

/** As text in two encodings, in hexadecimal digits, and in base64 wherever in the packed bytes it stood. */
export function formsOf(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const packed = [0, 1, 2].map((shift) => {
    const digits = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The first and the last digits also tell of what stands beside it.
    return Buffer.from(digits.slice(shift === 0 ? 0 : shift + 1, -1));
  });
  return [bytes, Buffer.from(text, 'utf16le'), Buffer.from(bytes.toString('hex')), ...packed];
}
