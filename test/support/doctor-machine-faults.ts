// Faults of the machine and of the data folder, each made for real: settings, disks, file modes, damaged files, certificates
// that ended or were withdrawn. Read by the system test of the doctor.
import {
  chmodSync,
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../agent/store/store.ts';
import { joinSite } from './agent-client.ts';
import { type Bench, dayMs, type Fault, leafFile } from './doctor-bench.ts';
import { closedPort } from './odd-servers.ts';

type Flags = Record<string, string>;

/** A machine whose data folder was spoilt. */
const spoilt =
  (spoil: (data: string, bench: Bench) => void | Promise<void>): Fault['inject'] =>
  async (bench) => {
    const flags = await bench.machine();
    await spoil(flags['data'] ?? '', bench);
    return { flags };
  };

/** The data folder on a disk of its own, which is then filled by a shell line that may fail at its end. */
const onDisk =
  (options: string, fill: (data: string) => string): Fault['inject'] =>
  async (bench) => {
    const flags = await bench.machine();
    const data = flags['data'] ?? '';
    const aside = join(bench.folder(), 'aside');
    cpSync(data, aside, { recursive: true });
    const copy = `cp -r ${aside}/. ${data}`;
    return {
      flags,
      setup: [`mount -t tmpfs -o ${options} disk ${data}`, copy, `{ ${fill(data)} 2>${aside}.log || true; }`],
    };
  };

function overwrite(file: string, at: number, bytes: Uint8Array): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, bytes, 0, bytes.length, at);
  closeSync(handle);
}

/** Where SQLite keeps user_version. */
const versionOffset = 60;
const pageBytes = 4096;

/** A leaf of our CA, made at another time and kept nowhere. */
async function unknownLeaf({ authorityAt, joined }: Bench, offsetMs: number): Promise<string> {
  const { csr, siteId, leafKey } = joined.machine;
  const leaf = await (await authorityAt(offsetMs)).issueSiteLeaf({ csr, siteId, agent: 1 });
  return leafFile(String(leafKey.export({ type: 'pkcs8', format: 'pem' })), leaf?.der ?? new Uint8Array());
}

export const machineFaults: readonly Fault[] = [
  {
    name: 'a setting that nobody knows',
    hop: 'settings',
    code: 'CONFIG_INVALID',
    inject: async (bench) => {
      const config = join(bench.folder(), 'agent.yaml');
      writeFileSync(config, 'colour: red\n');
      return { flags: { ...(await bench.machine()), config } };
    },
  },
  {
    name: 'no data folder',
    hop: 'data',
    code: 'DATA_FOLDER_MISSING',
    inject: spoilt((data) => rmSync(data, { recursive: true })),
  },
  {
    name: 'the data folder of another user',
    hop: 'data',
    code: 'DATA_FOLDER_FORBIDDEN',
    inject: async (bench) => {
      const flags: Flags = await bench.machine();
      const { data = '' } = flags;
      chmodSync(data, 0o000);
      // Only root can remove it as it is.
      bench.stack.defer(() => chmodSync(data, 0o700));
      return { flags, underFileModes: true };
    },
  },
  {
    name: 'a disk that became read-only',
    hop: 'data',
    code: 'DATA_FOLDER_READ_ONLY',
    also: ['DATA_UNREADABLE'],
    needs: 'namespaces',
    inject: async (bench) => {
      const flags: Flags = await bench.machine();
      const { data } = flags;
      return { flags, setup: [`mount --bind ${data} ${data}`, `mount -o remount,bind,ro ${data}`] };
    },
  },
  {
    name: 'a full disk',
    hop: 'machine',
    code: 'DiskFull',
    also: ['DATA_UNREADABLE'],
    needs: 'namespaces',
    inject: onDisk('size=40m', (data) => `head -c 60m /dev/zero >${data}/logs`),
  },
  {
    name: 'a disk without inodes',
    hop: 'machine',
    code: 'InodesFull',
    also: ['DATA_UNREADABLE'],
    needs: 'namespaces',
    inject: onDisk('size=100m,nr_inodes=60', (data) => `(cd ${data} && touch $(seq 100))`),
  },
  {
    name: 'a database with a damaged page',
    hop: 'site',
    code: 'DATA_CORRUPT',
    inject: spoilt((data) => overwrite(join(data, 'state.db'), pageBytes, Buffer.alloc(pageBytes, 0xa5))),
  },
  {
    name: 'a file that is no database',
    hop: 'site',
    code: 'DATA_CORRUPT',
    inject: spoilt((data) => {
      const file = join(data, 'state.db');
      writeFileSync(file, Buffer.alloc(statSync(file).size, 0x20));
    }),
  },
  {
    name: 'a database of a newer version',
    hop: 'site',
    code: 'DATA_NEWER',
    inject: spoilt((data) => overwrite(join(data, 'state.db'), versionOffset, Buffer.from([0, 0, 0, 99]))),
  },
  {
    name: 'a folder that knows of no site',
    hop: 'site',
    code: 'DATA_FOLDER_MISSING',
    inject: spoilt((data) => {
      rmSync(data, { recursive: true });
      mkdirSync(data);
    }),
  },
  {
    name: 'a machine that never joined',
    hop: 'site',
    code: 'NOT_JOINED',
    inject: spoilt(async (data) => {
      rmSync(data, { recursive: true });
      await using _empty = await openStore(data, '019aaf00-0000-7000-8000-0000000000d2', 0);
    }),
  },
  {
    name: 'a damaged certificate file',
    hop: 'site',
    code: 'LEAF_INVALID',
    inject: spoilt((data) => writeFileSync(join(data, 'keys/leaf.pem'), 'no certificate')),
  },
  {
    name: 'an expired certificate, and no way to renew it',
    hop: 'site',
    code: 'LEAF_EXPIRED',
    also: ['TCP_REFUSED'],
    inject: async (bench) => {
      const flags = await bench.machine(`localhost:${await closedPort()}`);
      writeFileSync(join(flags['data'] ?? '', 'keys/leaf.pem'), await unknownLeaf(bench, -30 * dayMs));
      return { flags };
    },
  },
  {
    name: 'a clock before the certificate begins',
    hop: 'clock',
    code: 'ClockOff',
    also: ['LEAF_REFUSED'],
    inject: spoilt(async (data, bench) =>
      writeFileSync(join(data, 'keys/leaf.pem'), await unknownLeaf(bench, dayMs)),
    ),
  },
  {
    name: 'a certificate that the control plane has forgotten',
    hop: 'control plane',
    code: 'LEAF_REFUSED',
    inject: spoilt(async (data, bench) =>
      writeFileSync(join(data, 'keys/leaf.pem'), await unknownLeaf(bench, 0)),
    ),
  },
  {
    name: 'a site that was withdrawn',
    hop: 'control plane',
    code: 'SITE_REVOKED',
    inject: spoilt(async (data, { plane }) => {
      const { machine, leaf } = await joinSite(plane, 'york');
      const key = String(machine.leafKey.export({ type: 'pkcs8', format: 'pem' }));
      writeFileSync(join(data, 'keys/leaf.pem'), leafFile(key, leaf));
      await plane.rest('POST', '/v1/sites/york/revoke', { why: 'test' });
    }),
  },
];
