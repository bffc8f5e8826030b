// The machine and what keeps projects apart, as the status shows them: values with their units and where they were read.
// PURE. Called by status.ts.
import { hardwareFacts, type MeasureName, measures, type Source } from '../../proto/measures.ts';
import type { IsolationSnapshot } from '../probe/isolation-facts.ts';
import type { SideFacts } from '../report/side-facts.ts';
import { isOld, lineOf, time, timeOrNull } from './status-words.ts';

export interface ShownMachine {
  /** Null while nothing was measured. */
  readonly measuredAt: string | null;
  readonly isOld: boolean;
  readonly measures: readonly {
    readonly name: MeasureName;
    readonly value: number;
    readonly unit: string;
    readonly text: string;
    readonly source: Source;
  }[];
  readonly hardware: readonly {
    readonly name: string;
    readonly value: string;
    readonly text: string;
    readonly source: Source;
  }[];
}

export interface ShownIsolation {
  readonly networkPolicy: IsolationSnapshot['networkPolicy'];
  /** Null when it was never tried. */
  readonly checkedAt: string | null;
  /** What came through, or why it is not proven; empty otherwise. */
  readonly why: string;
}

export function machineOf({ host, hardware }: SideFacts, nowMs: number): ShownMachine | null {
  if (host === undefined && hardware === undefined) return null;
  return {
    measuredAt: timeOrNull(host?.observedAtMs),
    isOld: host !== undefined && isOld(host.observedAtMs, nowMs),
    measures: (host?.measures ?? []).map(({ name, value, source }) => ({
      name,
      value,
      ...measures[name],
      source,
    })),
    hardware: (hardware?.facts ?? []).map(({ name, value, source }) => ({
      name,
      value: lineOf(value),
      text: hardwareFacts[name].text,
      source,
    })),
  };
}

export function isolationOf({ isolation }: SideFacts): ShownIsolation | null {
  if (isolation === undefined) return null;
  const { networkPolicy, checkedAtMs, why } = isolation;
  return {
    networkPolicy,
    checkedAt: checkedAtMs === null ? null : time(checkedAtMs),
    why: lineOf(why),
  };
}
