// The few facts that a control plane knows about itself, written by init. Values are texts; readers know their meaning.
// Called by main.ts and whoever issues documents.
import type { Database } from '../../daemon/sqlite.ts';

/** domain: of the names in certificates; epoch: of the documents issued now. */
export type SettingName = 'domain' | 'epoch';

export interface SettingTable {
  /** Undefined before init. */
  get(name: SettingName): string | undefined;
  set(name: SettingName, value: string): void;
  /** The epoch of the documents issued now. */
  epoch(): number;
}

export function settingTable(database: Database): SettingTable {
  const select = database.prepare<{ value: string }>('SELECT value FROM setting WHERE name = ?');
  const upsert = database.prepare(
    'INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  );
  return {
    get: (name) => select.get(name)?.value,
    set: (name, value) => void upsert.run(name, value),
    epoch: () => Number(select.get('epoch')?.value ?? 1),
  };
}
