CREATE TABLE alert_position (
  target TEXT PRIMARY KEY,
  event_id INTEGER NOT NULL,
  failing_since_ms INTEGER
) STRICT;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  subject TEXT NOT NULL,
  why TEXT,
  digest TEXT,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;

CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;

CREATE TABLE contact (
  site_id TEXT PRIMARY KEY REFERENCES site (id),
  last_contact_ms INTEGER,
  capability INTEGER,
  agent_version TEXT,
  boot_id TEXT,
  cluster_uid TEXT,
  held_epoch INTEGER,
  held_generation INTEGER,
  held_digest TEXT,
  refused_generation INTEGER,
  refused_code TEXT,
  problem TEXT,
  problem_since_ms INTEGER,
  offered_epoch INTEGER,
  offered_generation INTEGER,
  offered_signatures TEXT
, ahead_ms INTEGER) STRICT;

CREATE TABLE desired (
  site_id TEXT NOT NULL REFERENCES site (id),
  epoch INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  digest TEXT NOT NULL,
  previous TEXT,
  release_digest TEXT NOT NULL,
  envelope BLOB NOT NULL,
  issued_at_ms INTEGER NOT NULL,
  issued_by TEXT NOT NULL, why TEXT, back_to_epoch INTEGER, back_to_generation INTEGER,
  PRIMARY KEY (site_id, epoch, generation)
) STRICT;

CREATE INDEX desired_by_release ON desired (release_digest);

CREATE TABLE device (
  site_id TEXT NOT NULL REFERENCES site (id),
  agent INTEGER NOT NULL,
  enrolment_id TEXT NOT NULL UNIQUE REFERENCES enrolment (id),
  device_key BLOB NOT NULL,
  approved_at_ms INTEGER NOT NULL,
  replaced_at_ms INTEGER,
  PRIMARY KEY (site_id, agent)
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment (
  id TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES site (id),
  token_hash TEXT NOT NULL UNIQUE REFERENCES join_token (hash),
  device_key BLOB NOT NULL,
  csr BLOB NOT NULL,
  fingerprint TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'refused')),
  created_at_ms INTEGER NOT NULL,
  decided_at_ms INTEGER
) STRICT;

CREATE INDEX enrolment_by_site ON enrolment (site_id, created_at_ms);

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

CREATE INDEX event_alerts ON event (id) WHERE is_alert;

CREATE INDEX event_by_kind ON event (site_id, kind, id);

CREATE INDEX event_by_site ON event (site_id, id);

CREATE INDEX event_by_time ON event (at_ms);

CREATE TRIGGER event_unchanged BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;

CREATE TABLE join_token (
  hash TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES site (id),
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  used_at_ms INTEGER
) STRICT;

CREATE TABLE leaf (
  fingerprint TEXT PRIMARY KEY,
  serial TEXT NOT NULL,
  site_id TEXT NOT NULL,
  agent INTEGER NOT NULL,
  csr_digest TEXT NOT NULL,
  der BLOB NOT NULL,
  not_before_ms INTEGER NOT NULL,
  not_after_ms INTEGER NOT NULL,
  FOREIGN KEY (site_id, agent) REFERENCES device (site_id, agent)
) STRICT;

CREATE INDEX leaf_by_device ON leaf (site_id, agent, not_after_ms);

CREATE TABLE operator_token (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL CHECK (role IN ('viewer', 'operator')),
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE release (
  digest TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  published_at_ms INTEGER NOT NULL,
  published_by TEXT NOT NULL,
  signatures BLOB NOT NULL,
  UNIQUE (name, version)
) STRICT;

CREATE TABLE release_content (
  release_digest TEXT NOT NULL REFERENCES release (digest),
  content_digest TEXT NOT NULL,
  PRIMARY KEY (release_digest, content_digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX release_content_by_content ON release_content (content_digest);

CREATE TABLE report_position (
  site_id TEXT NOT NULL REFERENCES site (id),
  boot_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL,
  PRIMARY KEY (site_id, boot_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE site (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at_ms INTEGER NOT NULL,
  revoked_at_ms INTEGER
, deleted_at_ms INTEGER, former_name TEXT) STRICT;

CREATE TABLE site_facts (
  site_id TEXT NOT NULL REFERENCES site (id),
  kind TEXT NOT NULL,
  received_at_ms INTEGER NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (site_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE site_label (
  site_id TEXT NOT NULL REFERENCES site (id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (site_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE site_standing (
  site_id TEXT PRIMARY KEY REFERENCES site (id),
  contact TEXT,
  word TEXT NOT NULL
) STRICT;

CREATE TABLE site_state (
  site_id TEXT PRIMARY KEY REFERENCES site (id),
  boot_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL,
  state TEXT NOT NULL
, known_ms INTEGER, health_known_ms INTEGER) STRICT;
