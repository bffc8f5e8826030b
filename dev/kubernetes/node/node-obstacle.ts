// Why this machine cannot have a real node, in words for people; asked before anything of one is built or started.
// Invariant: leaves nothing behind. Called by real-node.ts.
import { isDaemonError } from '../../../daemon/errors.ts';
import type { Exec } from '../../../daemon/exec.ts';

/** Debian's package of each program that must be there. */
const packages = { unshare: 'util-linux', nsenter: 'util-linux', ip: 'iproute2' } as const;

// All that world.sh does to the kernel, in namespaces that are gone with the command.
const trial =
  'mount -t tmpfs trial /run && ip link add cni0 type bridge && ip link add veth0 type veth peer name veth1';

const trialTimeoutMs = 10_000;

/** Undefined when nothing stands in the way. `userId` is the effective one, undefined where there is none. */
export async function nodeObstacle(exec: Exec, userId: number | undefined): Promise<string | undefined> {
  if (process.platform !== 'linux') return `real pods need Linux, and this is ${process.platform}`;
  if (userId !== 0) return 'real pods need root';
  for (const [program, name] of Object.entries(packages)) {
    if (!(await isInstalled(exec, program))) return `there is no program ${program}: apt-get install ${name}`;
  }
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc'];
  const words = 'this machine gives no namespaces of its own';
  try {
    const bounds = { timeoutMs: trialTimeoutMs, group: true };
    const { code, stderr } = await exec.run('unshare', [...namespaces, 'sh', '-c', trial], bounds);
    return code === 0 ? undefined : `${words}: ${stderr.trim()}`;
  } catch (error) {
    if (!isDaemonError(error, 'timeout')) throw error;
    return `${words}: ${error.message}`;
  }
}

/** Where runc comes from: 'build', or the name of one that is installed; else what to install. */
export async function runcSource(
  exec: Exec,
): Promise<{ readonly runc: 'build' | 'runc' } | { readonly obstacle: string }> {
  if (await isInstalled(exec, 'pkg-config', ['--exists', 'libseccomp'])) return { runc: 'build' };
  if (await isInstalled(exec, 'runc')) return { runc: 'runc' };
  return {
    obstacle:
      'runc cannot be built without the headers of libseccomp: apt-get install libseccomp-dev pkg-config',
  };
}

async function isInstalled(
  exec: Exec,
  program: string,
  args: readonly string[] = ['--version'],
): Promise<boolean> {
  try {
    const { code } = await exec.run(program, program === 'ip' ? ['-V'] : args);
    return code === 0;
  } catch (error) {
    if (isDaemonError(error, 'command-missing')) return false;
    throw error;
  }
}
