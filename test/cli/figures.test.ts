// Figures of a machine in the units of people.

import test from 'ava';
import { bytesText, type Figure, figureFacts } from '../../cli/figures.ts';

const figure = (name: string, value: number, unit: string): Figure => ({ name, value, unit, text: '' });

test('what is free stands beside what there is', (t) => {
  const figures = [
    figure('memory.total', 8 * 2 ** 30, 'bytes'),
    figure('memory.available', 2 ** 30, 'bytes'),
    figure('swap.total', 0, 'bytes'),
    figure('swap.free', 0, 'bytes'),
    figure('disk.data.total', 2 ** 40, 'bytes'),
  ];
  t.deepEqual(figureFacts(figures), [
    ['memory.available', '1.0 GiB of 8.0 GiB (13 %)'],
    ['swap.free', 'none'],
    ['disk.data.total', '1.0 TiB'],
  ]);
});

test('each unit is written as a person would', (t) => {
  const figures = [
    figure('cpu.busy', 412, 'permille'),
    figure('cpu.load1', 1_530, 'permille'),
    figure('temperature.highest', 61_500, 'millidegrees'),
    figure('clock.offset', -250, 'milliseconds'),
    figure('clock.synchronised', 0, 'boolean'),
    figure('uptime', 3 * 86_400, 'seconds'),
    figure('network.errors', 7, 'count'),
  ];
  t.deepEqual(
    figureFacts(figures).map(([, value]) => value),
    ['41.2 %', '1.53', '61.5 °C', '-250 ms', 'no', '3 d', '7'],
  );
  t.deepEqual([0, 1, 1023, 1024, 2 ** 51].map(bytesText), ['0 B', '1 B', '1023 B', '1.0 KiB', '2.0 PiB']);
});
