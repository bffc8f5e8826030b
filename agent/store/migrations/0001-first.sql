-- What an agent knows. Times are milliseconds since 1970 UTC; digests are sha256:<hex>; truth values 0 or 1.
-- Keys of the machine are files beside the database, content lies in files by digest.

-- The site that this machine joined: one row, or none before the join file was read.
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

-- The request for the first certificate; the row leaves when the certificate has arrived.
CREATE TABLE enrolment (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  token TEXT,
  token_digest TEXT NOT NULL,
  csr BLOB,
  request_id TEXT
) STRICT;

-- The accepted document of this site.
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
) STRICT;

-- Its objects, parameters filled in, in the order of the release.
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
) STRICT;

CREATE TABLE release_role (
  role TEXT PRIMARY KEY CHECK (role IN ('offered', 'running', 'last-healthy', 'quarantined')),
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  since_ms INTEGER NOT NULL
) STRICT;

-- Objects in the cluster that are ours or may become ours: written before the first apply, gone after the last delete.
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

CREATE TABLE attempt (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  count INTEGER NOT NULL,
  code TEXT NOT NULL,
  not_before_ms INTEGER NOT NULL
) STRICT;

-- Runs that changed something or failed, the newest ones.
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

-- Reports until they are acknowledged; AUTOINCREMENT, so that no sequence number is ever used twice.
CREATE TABLE outbox (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  boot_id TEXT NOT NULL,
  class TEXT NOT NULL CHECK (class IN ('state', 'audit', 'result')),
  latest_key TEXT,
  body BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX outbox_latest ON outbox (latest_key) WHERE latest_key IS NOT NULL;

-- What was queued last per key, by digest of all but its time: the same news is not queued twice, also over a restart.
CREATE TABLE reported (
  latest_key TEXT PRIMARY KEY,
  digest TEXT NOT NULL
) STRICT;

-- Conditions that hold now, and since when.
CREATE TABLE condition (
  code TEXT PRIMARY KEY,
  since_ms INTEGER NOT NULL
) STRICT;

-- Documents that were refused, each once; settled when a later document was accepted.
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
