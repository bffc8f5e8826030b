// What the library answers, as facts: of this and other machines, known nonsense, hostile answers. Every value is short
// and printable, and nothing in it comes from a field that names the machine.
import test from 'ava';
import fc from 'fast-check';
import {
  clean,
  hardwareFacts,
  identifyingFacts,
  type RawHardware,
} from '../../../agent/host/hardware-facts.ts';
import { hardwareFacts as factList } from '../../../proto/measures.ts';

const empty: RawHardware = { answers: undefined, osRelease: undefined, kernel: '', architecture: '' };
const valuesOf = (raw: Partial<RawHardware>) =>
  Object.fromEntries(hardwareFacts({ ...empty, ...raw }).map(({ name, value }) => [name, value]));

test('a server', (t) => {
  const answers = {
    cpu: { manufacturer: 'Intel', brand: 'Xeon® Gold 6338', cores: 64, physicalCores: 32 },
    mem: { total: 540_000_000_000 },
    memLayout: [
      { size: 2 ** 35, type: 'DDR4' },
      { size: 2 ** 35, type: 'DDR4' },
      { size: 0, type: 'Empty' },
    ],
    diskLayout: [
      { size: 960_197_124_096, type: 'SSD' },
      { size: 960_197_124_096, type: 'SSD' },
      { size: 3_840_755_982_336, type: 'NVMe' },
    ],
    blockDevices: [{ name: 'sda', size: 1e12, type: 'disk', physical: 'SSD' }],
    graphics: [
      { vendor: 'NVIDIA Corporation', model: 'NVIDIA A100' },
      { vendor: 'Matrox', model: 'G200' },
    ],
    system: { manufacturer: 'Dell Inc.', model: 'PowerEdge R650' },
    baseboard: { manufacturer: 'Dell Inc.', model: '0XXXX' },
    bios: { vendor: 'Dell Inc.', version: '1.1.1' },
  };
  const osRelease = 'PRETTY_NAME="Red Hat 9.4 (Plow)"\nNAME="Red Hat Enterprise Linux"\nVERSION_ID="9.4"\n';
  t.deepEqual(valuesOf({ answers, osRelease, kernel: '5.14.0-427.el9', architecture: 'x86_64' }), {
    'cpu.model': 'Xeon Gold 6338',
    'cpu.vendor': 'Intel',
    'cpu.cores': '64',
    'cpu.physicalCores': '32',
    'memory.total': '540000000000',
    'memory.modules': '2 x 32 GiB DDR4',
    'disk.devices': '2 x 960 GB SSD, 3841 GB NVMe',
    'graphics.models': 'Matrox G200, NVIDIA Corporation NVIDIA A100',
    'os.name': 'Red Hat Enterprise Linux',
    'os.release': '9.4',
    'os.kernel': '5.14.0-427.el9',
    'os.architecture': 'x86_64',
    'machine.maker': 'Dell Inc.',
    'machine.model': 'PowerEdge R650',
    'bios.version': 'Dell Inc. 1.1.1',
  });
});

test('a virtual machine, about which the library guesses: guesses are left out', (t) => {
  const answers = {
    cpu: { manufacturer: 'Intel', brand: 'Xeon® Processor', cores: 2, physicalCores: 0, speed: 0 },
    memLayout: [{ size: 25_276_502_016, type: '' }],
    diskLayout: [],
    blockDevices: [
      { name: 'vda', type: 'disk', size: 274_877_906_944, physical: 'HDD' },
      { name: 'vda1', type: 'part', size: 274_877_906_000, physical: '' },
      { name: 'zram0', type: 'disk', size: 4e9, physical: 'SSD' },
    ],
    graphics: [],
    system: { manufacturer: '', model: 'Docker Container' },
    baseboard: { manufacturer: 'Intel', model: '440BX' },
    bios: { vendor: '', version: 'Default string' },
  };
  t.deepEqual(valuesOf({ answers }), {
    'cpu.model': 'Xeon Processor',
    'cpu.vendor': 'Intel',
    'cpu.cores': '2',
    'disk.devices': '275 GB',
    'machine.maker': 'Intel',
    'machine.model': '440BX',
  });
});

test('many disks: as many as fit', (t) => {
  const diskLayout = Array.from({ length: 60 }, (_, index) => ({ size: (index + 1) * 1e12, type: 'HD' }));
  const value = valuesOf({ answers: { diskLayout } })['disk.devices'] ?? '';
  t.true(value.length <= 128 && value.length > 100 && value.endsWith('HD'));
});

// biome-ignore format: one line reads as the list it is
const fillers = [
  'To be filled by O.E.M.', 'Default string', ' default STRING ', 'System Product Name', 'Not Specified', 'None', 'N/A',
  '-', '0', '00000000', 'xxxxxxx', '........', '   ', 'Docker Container', 'Computer', '®',
];

for (const filler of fillers) {
  test(`means nothing: ${JSON.stringify(filler)}`, (t) => {
    t.is(clean(filler), '');
  });
}

for (const text of ['9', '11', '44', '1.1.1', 'A4', 'X10DRi', 'F.0a']) {
  test(`means something: ${text}`, (t) => {
    t.is(clean(text), text);
  });
}

test('what is printed is cleaned', (t) => {
  t.is(clean(' a\tb\n\u0000c\u001b[31m  é d '), 'a b c[31m d');
  t.is(clean('y'.repeat(3) + 'z'.repeat(500)).length, 128);
});

test('identifying facts are made of what is passed as such', (t) => {
  t.deepEqual(identifyingFacts({ serial: 'ABC1234\n', hostName: 'ward-7' }), [
    { name: 'machine.serial', value: 'ABC1234', source: '/sys/class/dmi' },
    { name: 'host.name', value: 'ward-7', source: 'uname' },
  ]);
  t.deepEqual(identifyingFacts({ serial: 'To Be Filled By O.E.M.', hostName: '' }), []);
});

test('whatever the library says: no throw, short printable values, no name that identifies', (t) => {
  const part = fc.oneof(fc.anything(), fc.array(fc.dictionary(fc.string(), fc.anything())));
  const names = 'cpu mem memLayout diskLayout blockDevices graphics system baseboard bios'.split(' ');
  const fields = 'brand manufacturer cores total size type name physical vendor model version'.split(' ');
  const object = fc.dictionary(fc.constantFrom(...fields), fc.oneof(fc.anything(), fc.string(), fc.double()));
  const answers = fc.oneof(
    fc.anything(),
    fc.dictionary(fc.constantFrom(...names), fc.oneof(object, fc.array(object), part)),
  );
  fc.assert(
    fc.property(
      answers,
      fc.option(fc.string(), { nil: undefined }),
      fc.string(),
      (given, osRelease, kernel) => {
        const facts = hardwareFacts({ answers: given, osRelease, kernel, architecture: kernel });
        return facts.every(({ name, value }) => /^[ -~]{1,128}$/.test(value) && !factList[name].identifying);
      },
    ),
    { numRuns: 500 },
  );
  t.pass();
});
