/**
 * The schema of the fleet's store, step by step, in SQLite's words (see `forDialect`). Forward only: a released step never
 * changes, a new one is added at the end. Entities are JSON documents under the columns that queries need.
 */
export const fleetMigrations: readonly string[] = [
  `
  CREATE TABLE node (id TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT;
  CREATE TABLE operation (
    id TEXT PRIMARY KEY, open INTEGER NOT NULL, created_at INTEGER NOT NULL, doc TEXT NOT NULL
  ) STRICT;
  CREATE INDEX operation_open ON operation (open) WHERE open = 1;
  CREATE INDEX operation_created ON operation (created_at);
  CREATE TABLE pool (name TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT;
  CREATE TABLE machine (
    token TEXT PRIMARY KEY, open INTEGER NOT NULL, created_at INTEGER NOT NULL, doc TEXT NOT NULL
  ) STRICT;
  CREATE INDEX machine_open ON machine (open) WHERE open = 1;
  CREATE INDEX machine_created ON machine (created_at);
  CREATE TABLE command (id TEXT PRIMARY KEY, open INTEGER NOT NULL, doc TEXT NOT NULL) STRICT;
  CREATE INDEX command_open ON command (open) WHERE open = 1;
  CREATE TABLE finding (id TEXT PRIMARY KEY, node TEXT NOT NULL, at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT;
  CREATE INDEX finding_node ON finding (node, at);
  CREATE TABLE bootstrap (id TEXT PRIMARY KEY, node TEXT NOT NULL, started_at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT;
  CREATE INDEX bootstrap_node ON bootstrap (node, started_at);
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, type TEXT NOT NULL, pool TEXT NOT NULL, node TEXT NOT NULL,
    operation TEXT NOT NULL, message TEXT NOT NULL
  ) STRICT;
  `,
  // `ord` is the order in which records were first stored: it tells those of the same millisecond apart. What was there
  // already is ordered by time.
  `
  ALTER TABLE operation ADD COLUMN ord INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE machine ADD COLUMN ord INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE finding ADD COLUMN ord INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE bootstrap ADD COLUMN ord INTEGER NOT NULL DEFAULT 0;
  UPDATE operation SET ord = created_at;
  UPDATE machine SET ord = created_at;
  UPDATE finding SET ord = at;
  UPDATE bootstrap SET ord = started_at;
  CREATE INDEX operation_ord ON operation (ord);
  CREATE INDEX machine_ord ON machine (ord);
  CREATE INDEX finding_ord ON finding (ord);
  CREATE INDEX bootstrap_ord ON bootstrap (ord);
  `,
]
