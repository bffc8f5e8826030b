// Plain scalars mean what they mean to kubectl. The expected values were recorded from kubectl's own YAML library.

import test from 'ava';
import { resolvePlainScalar } from '../../../release/read/scalar.ts';

const means = test.macro({
  exec(t, text: string, expected: ReturnType<typeof resolvePlainScalar>) {
    t.is(resolvePlainScalar(text), expected);
  },
  title: (_, text, expected) => `"${text}" is ${typeof expected} ${String(expected)}`,
});

for (const text of ['', '~', 'null', 'Null', 'NULL']) test(means, text, null);
for (const text of ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'])
  test(means, text, true);
for (const text of ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'])
  test(means, text, false);
for (const text of ['nUll', 'yEs', 'tRue', 'oN', 'e5', '=', '<<x', 'inf', 'Infinity', 'nan', '+inf'])
  test(means, text, text);
for (const text of ['12:30:45', '2020-01-01', '2020-01-01T00:00:00Z', '1.2.3', '1,000', '1 000', '1d', '1f'])
  test(means, text, text);
for (const text of [
  '+',
  '-',
  '.',
  '.e3',
  '1e',
  '0x',
  '0b',
  '0b12',
  '0b2',
  '0o8',
  '0o',
  '0x1p4',
  '1e5.5',
  '_1',
])
  test(means, text, text);
for (const text of ['._5', '.5_', '_.5', '1e400', '-1e400', '${X}', '1'.repeat(400)]) test(means, text, text);

test(means, '0644', 420);
test(means, '0o644', 420);
test(means, '0O17', 15);
test(means, '-0644', -420);
test(means, '+0644', 420);
test(means, '00', 0);
test(means, '0_7', 7);
test(means, '0x1F', 31);
test(means, '0X1f', 31);
test(means, '0x_1F', 31);
test(means, '-0x10', -16);
test(means, '0b101', 5);
test(means, '0B1', 1);
test(means, '-0b11', -3);
test(means, '1_000', 1000);
test(means, '1__0', 10);
test(means, '1_', 1);
test(means, '-_1', -1);
test(means, '+5', 5);
test(means, '089', 89);
test(means, '08.5', 8.5);
test(means, '1.50', 1.5);
test(means, '5.', 5);
test(means, '.5', 0.5);
test(means, '.1_5', 0.15);
test(means, '-.5_0', -0.5);
test(means, '+.1_', 0.1);
test(means, '1_000.5', 1000.5);
test(means, '1e3', 1000);
test(means, '1.e5', 100000);
test(means, '1e-7', 1e-7);
test(means, '5e-324', 5e-324);
test(means, '9007199254740993', 9007199254740993n);
test(means, '0x7fffffffffffffff', 9223372036854775807n);
test(means, '-9223372036854775808', -9223372036854775808n);
test(means, '-9223372036854775809', -9223372036854775809n);
test(means, '123456789012345678901', 123456789012345678901n);
test(means, '.inf', Number.POSITIVE_INFINITY);
test(means, '-.Inf', Number.NEGATIVE_INFINITY);
test(means, '.NaN', Number.NaN);
