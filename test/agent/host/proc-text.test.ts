// What the kernel says in text, as numbers: real samples of several machines, odd and hostile ones, and that no text
// whatever makes a parser throw or turns into a number that is not in it.
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import {
  busyBetween,
  parseCpuTimes,
  parseLoad,
  parseMemory,
  parsePressure,
  parseTemperature,
  parseTraffic,
  parseUptime,
} from '../../../agent/host/proc-text.ts';

const reads = test.macro({
  exec<Value>(t: ExecutionContext, parse: (text: string) => Value, text: string, expected: Value) {
    t.deepEqual(parse(text), expected);
  },
  title: (name = '') => name,
});

const stat = `cpu  1074082 182820 292309 876380 13813 0 7765 686 0 0
cpu0 533407 89570 140762 453822 3769 0 1922 338 0 0
intr 3 0 0
`;
// An ARM board: guest columns, and no steal time.
const statOfBoard = 'cpu  100 20 30 1000 50 1 2 0 40 4\ncpu0 1 1 1 1\n';

test('processor times of a machine', reads, parseCpuTimes, stat, { busy: 1_557_662, total: 2_447_855 });
test('guest time is not counted twice', reads, parseCpuTimes, statOfBoard, { busy: 153, total: 1_203 });
test('the four columns of an old kernel', reads, parseCpuTimes, 'cpu  5 0 5 90\n', { busy: 10, total: 100 });
test('three columns are too few', reads, parseCpuTimes, 'cpu  5 0 5\n', undefined);
test('a minus is no time', reads, parseCpuTimes, 'cpu  5 0 -5 90\n', undefined);
test('no line for all processors', reads, parseCpuTimes, 'cpu0 1 2 3 4\n', undefined);
test('times that cannot be exact', reads, parseCpuTimes, 'cpu 9999999999999999 1 1 1\n', undefined);
test('an empty file of times', reads, parseCpuTimes, '', undefined);

test('the load of a minute', reads, parseLoad, '0.07 0.41 1.84 3/94 13994\n', 70);
test('a load of many', reads, parseLoad, '1234.56 1.00 1.00 1/2 3\n', 1_234_560);
test('a load that is no number', reads, parseLoad, 'NaN 0 0 1/2 3\n', undefined);
test('a load with an exponent', reads, parseLoad, '1e3 0 0 1/2 3\n', undefined);

const meminfo = `MemTotal:       24684084 kB
MemFree:        24082116 kB
MemAvailable:   24286520 kB
SwapTotal:             0 kB
SwapFree:              0 kB
`;
const none = { total: undefined, available: undefined, swapTotal: undefined, swapFree: undefined };

test('memory of a machine without swap', reads, parseMemory, meminfo, {
  total: 25_276_502_016,
  available: 24_869_396_480,
  swapTotal: 0,
  swapFree: 0,
});
test('without MemAvailable it is not guessed', reads, parseMemory, meminfo.replace(/MemAvailable.*\n/, ''), {
  total: 25_276_502_016,
  available: undefined,
  swapTotal: 0,
  swapFree: 0,
});
test('memory in another unit', reads, parseMemory, 'MemTotal: 24 MB\n', none);
test('memory beyond any machine', reads, parseMemory, 'MemTotal: 9007199254740991 kB\n', none);
test('a name inside another', reads, parseMemory, 'xMemTotal: 1 kB\nMemTotalx: 1 kB\n', none);

const psi = `some avg10=0.33 avg60=12.86 avg300=4.35 total=5571790854
full avg10=0.00 avg60=99.00 avg300=0.00 total=0
`;
test('pressure is that of some, of a minute', reads, parsePressure, psi, 129);
test(
  'pressure all the time',
  reads,
  parsePressure,
  'some avg10=0.00 avg60=100.00 avg300=0.00 total=0',
  1_000,
);
test('pressure beyond all the time', reads, parsePressure, 'some avg60=100.01 total=0', undefined);
test('pressure of an old kernel, for all only', reads, parsePressure, psi.split('\n')[1] ?? '', undefined);

const netDev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 5210780759 4951213    0    0    0     0          0         0 5210780759 4951213    0    0    0     0       0          0
  eth0: 4599086399  139308    1    0    0     0          0         0 12817802   97266    2    0    0     0       0          0
  eth1:100 1 0 0 0 0 0 0 50 1 0 0 0 0 0 0
cni0: 7 1 9 0 0 0 0 0 7 1 9 0 0 0 0 0
`;
const isCard = (name: string) => name.startsWith('eth');
const ofCards = (text: string) => parseTraffic(text, isCard);

test('traffic of the cards alone', reads, ofCards, netDev, {
  received: 4_599_086_499,
  sent: 12_817_852,
  errors: 3,
});
test('no card, no traffic', reads, ofCards, netDev.replaceAll('eth', 'veth'), undefined);
test('a card with too few columns', reads, ofCards, 'eth0: 1 2 3\n', undefined);
test(
  'a sum that cannot be exact',
  reads,
  ofCards,
  'eth0: 9007199254740991 1 0 0 0 0 0 0 1 1 0\neth1: 1 1 0 0 0 0 0 0 1 1 0\n',
  undefined,
);

test('uptime', reads, parseUptime, '12333.66 8763.79\n', 12_333);
test('uptime that is no number', reads, parseUptime, '-1.00 0.00\n', undefined);

test('a temperature', reads, parseTemperature, '47000\n', 47_000);
test('a sensor that is not connected', reads, parseTemperature, '0\n', undefined);
test('a sensor that says less than nothing', reads, parseTemperature, '-274000\n', undefined);
test('a sensor that says the largest it can', reads, parseTemperature, '127500\n', undefined);
test('a sensor that says two things', reads, parseTemperature, '47000 48000\n', undefined);

test('how busy between two looks', (t) => {
  t.is(busyBetween({ busy: 100, total: 1_000 }, { busy: 150, total: 1_200 }), 250);
  t.is(busyBetween({ busy: 0, total: 0 }, { busy: 0, total: 0 }), undefined, 'no time went by');
  t.is(busyBetween({ busy: 100, total: 1_000 }, { busy: 50, total: 1_100 }), undefined, 'it went backwards');
});

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        'cpu ',
        'some ',
        'avg60=',
        'MemTotal:',
        ' kB',
        'eth0:',
        '1',
        '99999999999999999',
        '-',
        '.',
        ' ',
        '\n',
        '\0',
      ),
    )
    .map((parts) => parts.join('')),
);

test('no text makes a parser throw, and every number that comes out is whole, exact and not negative', (t) => {
  fc.assert(
    fc.property(anyText, (text) => {
      const times = parseCpuTimes(text);
      const memory = parseMemory(text);
      const traffic = parseTraffic(text, () => true);
      const values = [
        times?.busy,
        times?.total,
        parseLoad(text),
        memory.total,
        memory.available,
        memory.swapTotal,
        memory.swapFree,
        parsePressure(text),
        traffic?.received,
        traffic?.sent,
        traffic?.errors,
        parseUptime(text),
        parseTemperature(text),
      ];
      return values.every((value) => value === undefined || (Number.isSafeInteger(value) && value >= 0));
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});
