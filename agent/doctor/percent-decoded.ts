// Text in percent-encoding, read as far as it is one: what others sent or typed may hold a percent sign that means itself.
// PURE. Called by ask-grpc.ts and look-proxy.ts.

/** What is no percent-encoded UTF-8 stays as it is. */
export function percentDecoded(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return bytes;
    }
  });
}
