import type { ApplyOutcome } from '../job-store.ts'
import type { Sql } from '../sql/sql.ts'
import { applyCalls } from './apply-events.ts'
import { readCounters } from './counters.ts'
import { eventOfText } from './event-text.ts'
import { jobKey, type SentEvent } from './fold-calls.ts'
import { type GroupAnswer, groupCalls } from './group-calls.ts'
import type { JobBackend, PackedBatch } from './job-backend.ts'
import { auditRows, countStates, findRuns, listRuns, openRuns } from './job-queries.ts'
import type { KnownJobs } from './known-jobs.ts'
import { maintain } from './maintain.ts'
import { isOpenRow } from './run-row.ts'
import { addBatches } from './sample-inbox.ts'
import { readSeries } from './series.ts'

/** Events and batches that share a transaction: below 0.1 s on a busy machine of 2 cores, and what comes meanwhile waits no longer. */
const groupSize = 2_000

interface Call {
  texts: readonly string[]
  batches: readonly PackedBatch[]
}

export interface JobBackendOptions {
  /** `nothingKnown` where others write too. */
  jobs: KnownJobs
  /** Whether a failure of one call would be that of all: the database is away. */
  isEveryones?: (error: unknown) => boolean
}

/** Jobs in a database whose schema is up to date (`jobMigrations`). */
export function createJobBackend(sql: Sql, { jobs, isEveryones }: JobBackendOptions): JobBackend {
  const store = (calls: readonly Call[]): Promise<GroupAnswer<ApplyOutcome[]>[]> =>
    sql
      .transaction(async (tx) => {
        const { results, stored } = await applyCalls(
          tx,
          jobs,
          calls.map(({ texts }) => texts.map(sentEvent)),
        )
        const batches = calls.flatMap((call) => call.batches)
        if (batches.length > 0) await addBatches(tx, batches)
        // Before the end of the transaction, after which others change the same rows.
        for (const [key, runs] of stored) {
          // Of one that is over, little more will be heard.
          if (runs.some(({ row }) => isOpenRow(row))) jobs.set(key, runs)
          else jobs.forget(key)
        }
        return results
      })
      .catch((error: unknown) => {
        jobs.clear()
        throw error
      })
  const call = groupCalls<Call, ApplyOutcome[]>(
    groupSize,
    ({ texts, batches }) => texts.length + batches.length,
    store,
    isEveryones,
  )

  return {
    apply: (texts) => call({ texts, batches: [] }),
    addSamples: async (batches) => {
      if (batches.length > 0) await call({ texts: [], batches })
    },
    find: (id) => findRuns(sql, id),
    list: (filter) => listRuns(sql, filter),
    open: () => openRuns(sql),
    countByState: () => countStates(sql),
    totalRuns: async () => (await readCounters(sql)).get('runs') ?? 0,
    audit: (query) => auditRows(sql, query),
    series: (run, window) => readSeries(sql, run, window),
    maintain: (now, policy) => maintain(sql, jobs, now, policy),
    async figures() {
      const [bytes, counters] = await Promise.all([bytesOf(sql), readCounters(sql)])
      return { bytes, sampleValues: counters.get('known') ?? 0, waitingBatches: counters.get('waiting') ?? 0 }
    },
    close: () => sql.close(),
  }
}

/** Read when its transaction begins: thousands wait as texts, which cost the collector of garbage nothing. */
function sentEvent(text: string): SentEvent {
  const event = eventOfText(text)
  return { event, text, key: jobKey(event.job) }
}

async function bytesOf(sql: Sql): Promise<number> {
  const [row] = await sql.query(
    sql.dialect === 'sqlite'
      ? 'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size'
      : `SELECT sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class AS c
         WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid)
         AND c.relname IN ('job_run', 'job_node', 'job_audit', 'job_counter', 'sample_inbox', 'sample_block')`,
  )
  return Number(row?.['bytes'] ?? 0)
}
