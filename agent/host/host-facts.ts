// What is known of the machine that the agent runs on. Pure types: made in this room, read by agent/report, agent/local
// and agent/doctor. A value that cannot be had is absent. Names, units and sources are those of proto/measures.ts.
import type { Condition } from '../../proto/conditions.ts';
import type { HardwareName, MeasureName, Source } from '../../proto/measures.ts';

/** One live value; its unit stands in proto/measures.ts. */
export interface Measured {
  readonly name: MeasureName;
  readonly value: number;
  readonly source: Source;
}

/** One sample, and what is the matter with it. */
export interface HostSnapshot {
  readonly observedAtMs: number;
  readonly measures: readonly Measured[];
  readonly conditions: readonly Condition[];
}

/** One fact about what the machine is made of: at most 128 printable characters. */
export interface HardwareFact {
  readonly name: HardwareName;
  readonly value: string;
  readonly source: Source;
}

export interface HardwareSnapshot {
  readonly observedAtMs: number;
  readonly facts: readonly HardwareFact[];
  /** The site allows that facts which name the machine leave it. */
  readonly mayIdentify: boolean;
}
