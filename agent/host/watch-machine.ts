// The whole of this room as one thing: the live figures and the hardware of this machine, kept current until the agent
// stops. Invariant: programs that are asked see a fixed environment and nothing of the agent's. Opened by agent/run.ts,
// which tells it what the control plane says about the clock and reports the news.
import type { Clock } from '../../daemon/clock.ts';
import { systemExec } from '../../daemon/exec.ts';
import type { Lifecycle } from '../../daemon/lifecycle.ts';
import type { Log } from '../../daemon/log.ts';
import type { Random } from '../../daemon/random.ts';
import type { HardwareStore } from '../store/hardware.ts';
import type { HardwareSnapshot, HostSnapshot } from './host-facts.ts';
import { hardwareReader, programEnvironment } from './inspect-hardware.ts';
import { hostReader, placesOf } from './read-host.ts';
import { HardwareWatch } from './watch-hardware.ts';
import { HostWatch } from './watch-host.ts';

export interface MachineOptions {
  readonly settings: {
    readonly data: string;
    /** Where Kubernetes keeps its data; empty to look for it. */
    readonly kubernetesData: string;
    /** Whether serial number and host name may leave the site. */
    readonly identify: boolean;
  };
  readonly store: HardwareStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Something should be reported. */
  readonly onNews: () => void;
}

export interface Machine {
  readonly facts: () => {
    readonly host: HostSnapshot | undefined;
    readonly hardware: HardwareSnapshot | undefined;
  };
  /** This clock less that of the control plane, measured now. */
  readonly setClockOffset: (offsetMs: number) => void;
}

export function watchMachine(lifecycle: Lifecycle, options: MachineOptions): Machine {
  const { settings, store, clock, random, log, onNews } = options;
  const exec = systemExec(programEnvironment);
  const places = placesOf(settings.data, settings.kubernetesData);
  const live = lifecycle.add(
    'host',
    new HostWatch({
      read: hostReader(places, clock),
      exec,
      clock,
      random,
      onNews,
      onError: (error) => log.warn({ error }, 'the machine could not be measured or reported'),
    }),
  );
  const hardware = lifecycle.add(
    'hardware',
    new HardwareWatch({
      store,
      exec,
      reader: hardwareReader,
      clock,
      random,
      proc: places.proc,
      sys: places.sys,
      etc: '/etc',
      mayIdentify: settings.identify,
      onNews,
      onError: (error) => log.warn({ error }, 'the hardware could not be read or reported'),
    }),
  );
  return {
    facts: () => ({ host: live.snapshot, hardware: hardware.snapshot }),
    setClockOffset: (offsetMs) => live.setClockOffset(offsetMs),
  };
}
