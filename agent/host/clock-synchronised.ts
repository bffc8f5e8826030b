// Whether the kernel says that its clock is synchronised. Only a system call knows (adjtimex), no file does; systemd's
// timedated makes it for everybody: synchronised when the largest possible error is below 16 s, whoever keeps the time.
// Invariant: where there is no systemd (a container, another init) the answer is unknown, never no.
// Called by watch-host.ts, seldom: each answer costs a program.
import type { Exec } from '../../daemon/exec.ts';

const timeoutMs = 5_000;

export async function isClockSynchronised(exec: Exec, signal: AbortSignal): Promise<boolean | undefined> {
  const args = ['show', '--property=NTPSynchronized', '--value'];
  const options = { timeoutMs, graceMs: 500, signal, group: true, maxOutputBytes: 1_024 };
  const result = await exec.run('timedatectl', args, options).catch(() => undefined);
  return result?.code === 0 ? answerOf(result.stdout) : undefined;
}

function answerOf(text: string): boolean | undefined {
  const word = text.trim();
  return word === 'yes' ? true : word === 'no' ? false : undefined;
}
