CREATE TABLE attempt (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  count INTEGER NOT NULL,
  code TEXT NOT NULL,
  not_before_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE condition (
  code TEXT PRIMARY KEY,
  since_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE desired (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  epoch INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  document_digest TEXT NOT NULL,
  envelope BLOB NOT NULL,
  release_name TEXT NOT NULL,
  release_version TEXT NOT NULL,
  release_digest TEXT NOT NULL,
  cluster_uid TEXT,
  prune TEXT NOT NULL,
  accepted_at_ms INTEGER NOT NULL
, components TEXT NOT NULL DEFAULT '[]', health TEXT NOT NULL DEFAULT '[]') STRICT;

CREATE TABLE enrolment (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  token TEXT,
  token_digest TEXT NOT NULL,
  csr BLOB,
  request_id TEXT
) STRICT;

CREATE TABLE hardware (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  machine_boot TEXT NOT NULL,
  read_at_ms INTEGER NOT NULL,
  facts TEXT NOT NULL
) STRICT;

CREATE TABLE hold (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  since_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  why TEXT NOT NULL
) STRICT;

CREATE TABLE inventory (
  id TEXT PRIMARY KEY,
  api_group TEXT NOT NULL,
  version TEXT NOT NULL,
  kind TEXT NOT NULL,
  namespace TEXT,
  name TEXT NOT NULL,
  release_digest TEXT NOT NULL,
  position INTEGER NOT NULL,
  uid TEXT,
  creating INTEGER NOT NULL DEFAULT 0 CHECK (creating IN (0, 1)),
  applied_digest TEXT,
  applied_immutable_digest TEXT,
  own_hash TEXT,
  kept INTEGER NOT NULL DEFAULT 0 CHECK (kept IN (0, 1))
) STRICT;

CREATE TABLE isolation (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  network_policy TEXT NOT NULL CHECK (network_policy IN ('enforced', 'not-enforced', 'unproven')),
  pod_security TEXT NOT NULL CHECK (pod_security IN ('enforced', 'not-enforced', 'unproven')),
  checked_at_ms INTEGER,
  nodes TEXT NOT NULL,
  why TEXT NOT NULL,
  findings TEXT NOT NULL
) STRICT;

CREATE TABLE ledger (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  message TEXT NOT NULL,
  count INTEGER NOT NULL DEFAULT 1,
  body BLOB NOT NULL
) STRICT;

CREATE TABLE object_health (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL,
  reason TEXT,
  since_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE outbox (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  boot_id TEXT NOT NULL,
  class TEXT NOT NULL CHECK (class IN ('state', 'audit', 'result')),
  latest_key TEXT,
  body BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX outbox_latest ON outbox (latest_key) WHERE latest_key IS NOT NULL;

CREATE TABLE refusal (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  settled INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)),
  at_ms INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  code TEXT NOT NULL,
  document_digest TEXT NOT NULL,
  UNIQUE (generation, code, document_digest)
) STRICT;

CREATE TABLE release_role (
  role TEXT PRIMARY KEY CHECK (role IN ('offered', 'running', 'last-healthy', 'quarantined')),
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  since_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE reported (
  latest_key TEXT PRIMARY KEY,
  digest TEXT NOT NULL
) STRICT;

CREATE TABLE run (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  applied INTEGER NOT NULL,
  repaired INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  failed INTEGER NOT NULL
) STRICT;

CREATE TABLE site (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  address TEXT NOT NULL,
  ca_digest TEXT NOT NULL,
  ca BLOB,
  director TEXT NOT NULL,
  keyset TEXT NOT NULL,
  read_at_ms INTEGER NOT NULL,
  revoked_at_ms INTEGER,
  last_contact_ms INTEGER
) STRICT;

CREATE TABLE wanted_object (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  api_group TEXT NOT NULL,
  version TEXT NOT NULL,
  kind TEXT NOT NULL,
  namespace TEXT,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  immutable_digest TEXT,
  ttl_after_finished_ms INTEGER,
  defines TEXT NOT NULL
, component TEXT NOT NULL DEFAULT '') STRICT;
