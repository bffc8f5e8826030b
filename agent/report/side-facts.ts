// What the agent knows besides the last run of the reconciler: health, the machine, isolation, a hold. Each part is kept
// current by the room that makes it and is absent until it was first seen. Built by run.ts, read by the reporter
// and by the screen. Pure types.
import type { Condition } from '../../proto/conditions.ts';
import type { HealthSnapshot } from '../health/snapshot.ts';
import type { HardwareSnapshot, HostSnapshot } from '../host/host-facts.ts';
import type { IsolationSnapshot } from '../probe/isolation-facts.ts';
import type { Hold } from '../store/holds.ts';

export interface SideFacts {
  readonly health?: HealthSnapshot | undefined;
  readonly host?: HostSnapshot | undefined;
  readonly hardware?: HardwareSnapshot | undefined;
  readonly isolation?: IsolationSnapshot | undefined;
  /** The hold that is in force now. */
  readonly hold?: Hold | undefined;
  /** What the session knows that is neither in the store nor over the wire. */
  readonly session?: readonly Condition[] | undefined;
}
