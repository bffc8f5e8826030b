// Bytes stay as they are unless a YAML reader would change them, and then they mean the same.
import test from 'ava';
import fc from 'fast-check';
import { wireBytes } from '../../../agent/act/wire-bytes.ts';

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);
const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test('nearly every object goes out byte for byte', (t) => {
  for (const text of ['{"a":"plain"}', '{"a":"Ærø 東京 🏥 \u00a0"}', '{"a":"\\u2028"}']) {
    const bytes = encoded(text);
    t.is(wireBytes(bytes), bytes);
  }
});

test('what a YAML reader would drop or refuse is escaped', (t) => {
  t.is(decoded(wireBytes(encoded('{"a":"x\u2028y\u0085z\u007f"}'))), '{"a":"x\\u2028y\\u0085z\\u007f"}');
});

test('it means the same, whatever it is', (t) => {
  fc.assert(
    fc.property(fc.json(), fc.string({ unit: 'binary' }), (json, text) => {
      const value = { json: JSON.parse(json) as unknown, [text]: text };
      const wire = decoded(wireBytes(encoded(JSON.stringify(value))));
      t.deepEqual(JSON.parse(wire), JSON.parse(JSON.stringify(value)));
      t.notRegex(wire, /[\u007f-\u009f\u2028\u2029\ufffe\uffff]/);
    }),
  );
});
