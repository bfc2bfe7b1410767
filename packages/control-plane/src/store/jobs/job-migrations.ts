/**
 * The schema of the jobs' store, step by step, in SQLite's words (see `forDialect`). Forward only: a released step never changes,
 * a new one is added at the end.
 *
 * A run's `doc` is the truth; its other columns follow from it by `outlineJob` and serve queries. `state` is the place in
 * `jobStates`, or -1 for a tombstone. `sort_at` is the start, or the first sign of a run that has not started. Times are ms since
 * the epoch. `job_run_order` holds all that lists are filtered by, so that counting them reads no document.
 */
export const jobMigrations: readonly string[] = [
  `
  CREATE TABLE job_run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL, cluster TEXT NOT NULL, restart INTEGER NOT NULL,
    state INTEGER NOT NULL, sort_at INTEGER NOT NULL, start_at INTEGER, end_at INTEGER,
    user_name TEXT NOT NULL, account TEXT NOT NULL, partition_name TEXT NOT NULL,
    array_job_id INTEGER, array_task TEXT, het_job_id INTEGER, het_offset INTEGER, sluid TEXT, doc TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX job_run_key ON job_run (job_id, cluster, restart);
  CREATE INDEX job_run_open ON job_run (sort_at) WHERE state IN (0, 1);
  CREATE INDEX job_run_order ON job_run (sort_at, state, start_at, end_at, account, partition_name);
  CREATE INDEX job_run_user ON job_run (user_name, sort_at);
  CREATE INDEX job_run_array ON job_run (array_job_id, array_task) WHERE array_job_id IS NOT NULL;
  CREATE INDEX job_run_het ON job_run (het_job_id, het_offset) WHERE het_job_id IS NOT NULL;
  CREATE INDEX job_run_sluid ON job_run (sluid) WHERE sluid IS NOT NULL;
  CREATE TABLE job_node (
    node TEXT NOT NULL, run_id INTEGER NOT NULL, PRIMARY KEY (node, run_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE job_audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL, created INTEGER NOT NULL, event TEXT NOT NULL
  ) STRICT;
  CREATE INDEX job_audit_run ON job_audit (run_id, seq);
  CREATE TABLE job_counter (
    name TEXT NOT NULL, slot INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (name, slot)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE sample_inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_key TEXT NOT NULL, node TEXT NOT NULL,
    from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, readings INTEGER NOT NULL, known INTEGER NOT NULL, bytes BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX sample_inbox_key ON sample_inbox (run_key, node, from_at, to_at);
  CREATE TABLE sample_block (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL, node TEXT NOT NULL, stage INTEGER NOT NULL,
    from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, step_ms INTEGER NOT NULL,
    readings INTEGER NOT NULL, known INTEGER NOT NULL, bytes BLOB NOT NULL
  ) STRICT;
  CREATE INDEX sample_block_run ON sample_block (run_id, node, from_at);
  CREATE INDEX sample_block_age ON sample_block (stage, to_at);
  `,
]
