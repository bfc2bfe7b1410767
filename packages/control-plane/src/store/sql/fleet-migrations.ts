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
  // Who may do what: tokens that were made here, and browsers' sessions.
  `
  CREATE TABLE api_token (id TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT;
  CREATE TABLE session (id TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT;
  `,
  // What the fleet and each pool looked like over time: "fleet", "pool/<name>". Events are asked for by time, and by node.
  `
  CREATE TABLE timeline (
    scope TEXT NOT NULL, at INTEGER NOT NULL, span INTEGER NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (scope, at)
  ) STRICT;
  CREATE INDEX event_at ON event (at);
  CREATE INDEX event_node ON event (node, at);
  `,
  // Alerts: those that are and were, what happened to them, rules that were made over the API, silences, and what is being told.
  `
  CREATE TABLE alert (id TEXT PRIMARY KEY, open INTEGER NOT NULL, at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT;
  CREATE INDEX alert_open ON alert (open) WHERE open = 1;
  CREATE INDEX alert_at ON alert (at);
  CREATE TABLE alert_event (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, alert TEXT NOT NULL, rule TEXT NOT NULL, node TEXT NOT NULL,
    event TEXT NOT NULL, doc TEXT NOT NULL
  ) STRICT;
  CREATE INDEX alert_event_at ON alert_event (at);
  CREATE INDEX alert_event_alert ON alert_event (alert, seq);
  CREATE INDEX alert_event_rule ON alert_event (rule, seq);
  CREATE INDEX alert_event_node ON alert_event (node, seq);
  CREATE TABLE alert_rule (id TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT;
  CREATE TABLE alert_silence (id TEXT PRIMARY KEY, ends_at INTEGER NOT NULL, doc TEXT NOT NULL) STRICT;
  CREATE TABLE alert_group (id TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT;
  CREATE TABLE alert_delivery (id TEXT PRIMARY KEY, message TEXT NOT NULL, doc TEXT NOT NULL) STRICT;
  CREATE TABLE alert_memory (id TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT;
  `,
  // What messages about alerts tell of, and what became of them.
  `
  CREATE TABLE alert_telling (
    id TEXT PRIMARY KEY, group_id TEXT NOT NULL, at INTEGER NOT NULL, doc TEXT NOT NULL, told TEXT NOT NULL
  ) STRICT;
  CREATE INDEX alert_telling_at ON alert_telling (at);
  `,
]
