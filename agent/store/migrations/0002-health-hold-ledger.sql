-- Health by component, what a person on site decided, what was learnt of the machine, and what left the building.
ALTER TABLE wanted_object ADD COLUMN component TEXT NOT NULL DEFAULT '';
ALTER TABLE desired ADD COLUMN components TEXT NOT NULL DEFAULT '[]';
ALTER TABLE desired ADD COLUMN health TEXT NOT NULL DEFAULT '[]';

CREATE TABLE object_health (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL,
  reason TEXT,
  since_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE hold (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  since_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  why TEXT NOT NULL
) STRICT;

-- The last trial of isolation that showed something (`nodes` stands for the nodes that there were then), and what could
-- be seen of it in the objects of the site.
CREATE TABLE isolation (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  network_policy TEXT NOT NULL CHECK (network_policy IN ('enforced', 'not-enforced', 'unproven')),
  pod_security TEXT NOT NULL CHECK (pod_security IN ('enforced', 'not-enforced', 'unproven')),
  checked_at_ms INTEGER,
  nodes TEXT NOT NULL,
  why TEXT NOT NULL,
  findings TEXT NOT NULL
) STRICT;

CREATE TABLE hardware (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  machine_boot TEXT NOT NULL,
  read_at_ms INTEGER NOT NULL,
  facts TEXT NOT NULL
) STRICT;

-- A copy of every message that left, as it left; the oldest go when there are too many. Heartbeats of earlier days are
-- one row per day: `count` of them, with the last one as it was.
CREATE TABLE ledger (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  message TEXT NOT NULL,
  count INTEGER NOT NULL DEFAULT 1,
  body BLOB NOT NULL
) STRICT;
