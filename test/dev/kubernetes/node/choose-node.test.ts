// Which node there will be, with the programs of a machine played: what is missing is named with its package. And what is
// forgotten of an earlier run, on an API server that only remembers what it was asked.
import test from 'ava';
import { DaemonError } from '../../../../daemon/errors.ts';
import type { Exec } from '../../../../daemon/exec.ts';
import type { Api } from '../../../../dev/kubernetes/api.ts';
import { chooseNode, forgetEarlierRun } from '../../../../dev/kubernetes/node/choose-node.ts';
import { nodeObstacle, runcSource } from '../../../../dev/kubernetes/node/node-obstacle.ts';

const { signal } = new AbortController();

/** A machine with these programs; `fails` are those that end with code 1 and a complaint. */
function machine(programs: readonly string[], fails: readonly string[] = []): Exec {
  return {
    run: (command) => {
      if (!programs.includes(command))
        throw new DaemonError('command-missing', `there is no program ${command}`);
      const code = fails.includes(command) ? 1 : 0;
      return Promise.resolve({ code, signal: null, stdout: '', stderr: 'Operation not permitted\n' });
    },
    spawn: () => Promise.reject(new Error('nothing is spawned')),
  };
}

const all = ['unshare', 'nsenter', 'ip'];

const obstacle = test.macro({
  async exec(t, exec: Exec, userId: number | undefined, expected: RegExp) {
    t.regex((await nodeObstacle(exec, userId)) ?? 'none', expected);
  },
  title: (name = '') => `a real node: ${name}`,
});
test('as root with every program', obstacle, machine(all), 0, /^none$/);
test('not as another user', obstacle, machine(all), 1000, /need root/);
test('not without ip', obstacle, machine(['unshare', 'nsenter']), 0, /program ip: apt-get install iproute2/);
test('not without unshare', obstacle, machine(['ip', 'nsenter']), 0, /unshare: apt-get install util-linux/);

test('a machine that gives no namespaces is told in its own words', async (t) => {
  const exec: Exec = {
    ...machine(all),
    run: (command, args) => machine(all, args.includes('--net') ? ['unshare'] : []).run(command, args),
  };
  t.is(await nodeObstacle(exec, 0), 'this machine gives no namespaces of its own: Operation not permitted');
});

test('a machine whose namespaces hang is told so', async (t) => {
  const exec: Exec = {
    ...machine(all),
    run: (command, args, options) => {
      if (args.includes('--net') && options?.timeoutMs !== undefined)
        throw new DaemonError('timeout', 'unshare took longer than 10000 ms');
      return machine(all).run(command, args);
    },
  };
  t.regex((await nodeObstacle(exec, 0)) ?? '', /no namespaces of its own: unshare took longer/);
});

test('runc is built where the headers are, taken where it is installed, else asked for', async (t) => {
  t.deepEqual(await runcSource(machine(['pkg-config', 'runc'])), { runc: 'build' });
  t.deepEqual(await runcSource(machine(['pkg-config', 'runc'], ['pkg-config'])), { runc: 'runc' });
  t.regex(JSON.stringify(await runcSource(machine([]))), /apt-get install libseccomp-dev pkg-config/);
});

test('a node that nobody asked for is none, and a simulated one is not looked for', async (t) => {
  const options = { signal, log: (line: string) => t.fail(line) };
  t.deepEqual(await chooseNode(undefined, machine([]), options), { kind: 'none' });
  t.deepEqual(await chooseNode(false, machine([]), options), { kind: 'none' });
  t.deepEqual(await chooseNode('simulated', machine([]), options), { kind: 'simulated' });
});

function pod(
  name: string,
  node: string,
  facts: { readonly phase?: string; readonly bare?: boolean } = {},
): object {
  const ownerReferences = facts.bare === true ? [] : [{ controller: true }];
  return {
    metadata: { name, namespace: 'tre', ownerReferences },
    spec: { nodeName: node },
    status: { phase: facts.phase ?? 'Running' },
  };
}

const earlier = [
  pod('ran-really', 'local-node'),
  pod('ended-really', 'local-node', { phase: 'Succeeded' }),
  pod('bare-really', 'local-node', { bare: true }),
  pod('was-shown', 'simulated-node'),
];

const forgotten = test.macro({
  async exec(t, kind: 'real' | 'simulated', expected: readonly string[]) {
    const removed: string[] = [];
    const admin: Api = {
      request: ({ method, path }) => {
        if (method === 'DELETE') removed.push(path.split('/').slice(-1).join());
        return Promise.resolve({ status: 200, body: { items: earlier } });
      },
      [Symbol.dispose]: () => undefined,
    };
    await forgetEarlierRun(admin, kind, signal);
    t.deepEqual(removed, expected);
  },
  title: (name = '') => `forgotten before ${name}`,
});
test('a real node: the simulated one with its pods, and pods that are made anew', forgotten, 'real', [
  'simulated-node',
  'ran-really',
  'was-shown',
]);
test('a simulated node: the real one with all of its pods', forgotten, 'simulated', [
  'local-node',
  'ran-really',
  'ended-really',
  'bare-really',
]);
