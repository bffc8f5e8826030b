// How far the alerts of each target have been delivered, and since when the next one fails. Called by alert/.
// Invariant: the position never falls, so an alert is delivered at least once and in order.
import type { Database } from '../../daemon/sqlite.ts';

export interface AlertPosition {
  /** Everything up to this event was taken or given up. */
  readonly eventId: number;
  /** Null while nothing fails. */
  readonly failingSinceMs: number | null;
}

export interface AlertPositionTable {
  find(target: string): AlertPosition | undefined;
  /** Nothing fails after this. */
  moveTo(target: string, eventId: number): void;
  /** As `moveTo`, and the target goes on failing. */
  giveUp(target: string, eventId: number): void;
  /** The first moment is kept. */
  fails(target: string, nowMs: number): void;
}

export function alertPositionTable(database: Database): AlertPositionTable {
  const select = database.prepare<AlertPosition>(
    'SELECT event_id AS eventId, failing_since_ms AS failingSinceMs FROM alert_position WHERE target = ?',
  );
  const upsert = database.prepare(
    `INSERT INTO alert_position (target, event_id) VALUES (:target, :eventId)
     ON CONFLICT (target) DO UPDATE SET event_id = max(event_id, :eventId), failing_since_ms = NULL`,
  );
  const giveUp = database.prepare('UPDATE alert_position SET event_id = max(event_id, ?) WHERE target = ?');
  const fails = database.prepare(
    'UPDATE alert_position SET failing_since_ms = coalesce(failing_since_ms, ?) WHERE target = ?',
  );
  return {
    find: (target) => select.get(target),
    moveTo: (target, eventId) => void upsert.run({ target, eventId }),
    giveUp: (target, eventId) => void giveUp.run(eventId, target),
    fails: (target, nowMs) => void fails.run(nowMs, target),
  };
}
