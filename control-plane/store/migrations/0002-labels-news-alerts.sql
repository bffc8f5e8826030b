-- What an operator sees of a site that lives: labels, how long its last news is known to hold, one list of events over
-- all sites, and how far the alerts have been delivered.

-- A deleted site keeps its id and everything that happened; its name is free again (`name` becomes the id).
ALTER TABLE site ADD COLUMN deleted_at_ms INTEGER;

ALTER TABLE site ADD COLUMN former_name TEXT;

CREATE TABLE site_label (
  site_id TEXT NOT NULL REFERENCES site (id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (site_id, key)
) STRICT, WITHOUT ROWID;

ALTER TABLE desired ADD COLUMN why TEXT;

-- Of a rollback: the document that it goes back to. Null for all others; there was no rollback before.
ALTER TABLE desired ADD COLUMN back_to_epoch INTEGER;

ALTER TABLE desired ADD COLUMN back_to_generation INTEGER;

-- With an index for the moment: there may be a hundred thousand of each.
CREATE INDEX audit_by_digest ON audit (digest);

UPDATE desired SET why = (
  SELECT why FROM audit WHERE audit.digest = desired.digest AND subject = desired.site_id ORDER BY id LIMIT 1
);

DROP INDEX audit_by_digest;

-- How much the clock of this machine is ahead of the site's, as the last stream showed.
ALTER TABLE contact ADD COLUMN ahead_ms INTEGER;

-- By the clock of this machine; null until a heartbeat said how far the site's clock is from it.
ALTER TABLE site_state ADD COLUMN known_ms INTEGER;

ALTER TABLE site_state ADD COLUMN health_known_ms INTEGER;

-- The latest measures and hardware of each site, as JSON of our own types.
CREATE TABLE site_facts (
  site_id TEXT NOT NULL REFERENCES site (id),
  kind TEXT NOT NULL,
  received_at_ms INTEGER NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (site_id, kind)
) STRICT, WITHOUT ROWID;

-- What the last events about a site said of it: whatever differs from this is news.
CREATE TABLE site_standing (
  site_id TEXT PRIMARY KEY REFERENCES site (id),
  contact TEXT,
  word TEXT NOT NULL
) STRICT;

-- Everything that happened, of all sites. `boot_id` and `sequence` only of what a site reported by itself. `is_alert`:
-- it goes to the alert target, when there is one.
CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  site_id TEXT NOT NULL REFERENCES site (id),
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  boot_id TEXT,
  sequence INTEGER,
  is_alert INTEGER NOT NULL,
  event TEXT NOT NULL
) STRICT;

INSERT INTO event (id, site_id, at_ms, kind, boot_id, sequence, is_alert, event)
SELECT id, site_id, received_at_ms, kind, boot_id, sequence, 0, event FROM site_event;

DROP TABLE site_event;

CREATE INDEX event_by_site ON event (site_id, id);

CREATE INDEX event_by_kind ON event (site_id, kind, id);

CREATE INDEX event_by_time ON event (at_ms);

CREATE INDEX event_alerts ON event (id) WHERE is_alert;

CREATE TRIGGER event_unchanged BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;

CREATE INDEX release_content_by_content ON release_content (content_digest);

-- One row a target: everything up to `event_id` was taken there or given up.
CREATE TABLE alert_position (
  target TEXT PRIMARY KEY,
  event_id INTEGER NOT NULL,
  failing_since_ms INTEGER
) STRICT;
