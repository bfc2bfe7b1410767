import { type JobLookup, parseLookup } from '@navarch/core/job/identity'
import { type JobState, jobStates } from '@navarch/core/job/job-event'
import { expandArrayTasks } from '@navarch/slurm/array-tasks'
import type { JobFilter } from '../job-store.ts'
import type { Row, Sql, SqlValue } from '../sql/sql.ts'
import { readCounters } from './counters.ts'
import type { AuditText } from './job-backend.ts'
import { isOpenState } from './run-row.ts'

/** A condition with its parameters. */
interface Condition {
  sql: string
  parameters: SqlValue[]
}

const newestFirst = 'ORDER BY sort_at DESC, length(job_id) DESC, job_id DESC, restart DESC, run.id DESC'

/** Documents of all runs of the jobs that an id means; see `JobStore.find`. */
export async function findRuns(sql: Sql, id: string): Promise<string[]> {
  const rows = await lookUp(sql, parseLookup(id), 'job_id, cluster, restart, sort_at, doc', 'state >= 0')
  const jobOf = (row: Row) => JSON.stringify([row['cluster'], row['job_id']])
  const newest = new Map<string, number>()
  for (const row of rows) newest.set(jobOf(row), Math.max(newest.get(jobOf(row)) ?? 0, Number(row['sort_at'])))
  // A run that waits to be started again is newer than the one that was requeued, whatever the times.
  return rows
    .toSorted(
      (a, b) =>
        (newest.get(jobOf(b)) ?? 0) - (newest.get(jobOf(a)) ?? 0) ||
        compare(jobOf(b), jobOf(a)) ||
        Number(b['restart']) - Number(a['restart']),
    )
    .map((row) => String(row['doc']))
}

async function lookUp(sql: Sql, lookup: JobLookup, columns: string, where: string): Promise<Row[]> {
  const select = (condition: string, ...parameters: SqlValue[]) =>
    sql.query(`SELECT ${columns} FROM job_run WHERE ${condition} AND ${where}`, parameters)
  switch (lookup.kind) {
    case 'job':
      return select('job_id = ?', lookup.jobId)
    case 'run':
      return select('job_id = ? AND restart = ?', lookup.jobId, lookup.restart)
    case 'sluid':
      return select('sluid = ?', lookup.sluid)
    case 'het-component':
      return select('het_job_id = ? AND het_offset = ?', lookup.hetJobId, lookup.offset)
    case 'array-task': {
      const exact = await select('array_job_id = ? AND array_task = ?', lookup.arrayJobId, lookup.task)
      if (exact.length > 0) return exact
      // Tasks that wait are one record with a list of them.
      const lists = await sql.query(
        `SELECT array_task, ${columns} FROM job_run WHERE array_job_id = ?
         AND (array_task LIKE '%-%' OR array_task LIKE '%,%') AND ${where}`,
        [lookup.arrayJobId],
      )
      return lists.filter((row) => holdsTask(String(row['array_task']), Number(lookup.task)))
    }
  }
}

function holdsTask(list: string, task: number): boolean {
  try {
    return expandArrayTasks(list).includes(task)
  } catch {
    return false
  }
}

/** Documents of a page of runs, and how many there are in all. */
export async function listRuns(sql: Sql, filter: JobFilter): Promise<{ runs: string[]; total: number }> {
  const conditions = conditionsOf(filter)
  // From a node's runs to these, never the other way round.
  const from = filter.node === undefined ? 'job_run AS run' : 'job_node AS part CROSS JOIN job_run AS run'
  const where = conditions.map(({ sql }) => sql).join(' AND ')
  const parameters = conditions.flatMap(({ parameters }) => parameters)
  const [page, total] = await Promise.all([
    sql.query(`SELECT doc FROM ${from} WHERE ${where} ${newestFirst} LIMIT ? OFFSET ?`, [
      ...parameters,
      filter.limit,
      filter.offset,
    ]),
    countRuns(sql, filter, `SELECT count(*) AS n FROM ${from} WHERE ${where}`, parameters),
  ])
  return { runs: page.map((row) => String(row['doc'])), total }
}

async function countRuns(sql: Sql, filter: JobFilter, select: string, parameters: SqlValue[]): Promise<number> {
  const { states, limit: _, offset: _offset, ...others } = filter
  if (Object.values(others).some((value) => value !== undefined)) {
    const [row] = await sql.query(select, parameters)
    return Number(row?.['n'] ?? 0)
  }
  const counts = await countStates(sql)
  return [...new Set(states ?? jobStates)].reduce((sum, state) => sum + counts[state], 0)
}

function conditionsOf(filter: JobFilter): Condition[] {
  const conditions: Condition[] = [{ sql: 'state >= 0', parameters: [] }]
  const equal = (column: string, value: string | undefined) => {
    if (value !== undefined) conditions.push({ sql: `${column} = ?`, parameters: [value] })
  }
  equal('node', filter.node)
  if (filter.node !== undefined) conditions.push({ sql: 'run.id = part.run_id', parameters: [] })
  equal('user_name', filter.user)
  equal('account', filter.account)
  equal('partition_name', filter.partition)
  if (filter.states) {
    // Literals, so that the database sees which index has them all.
    const places = filter.states.map((state) => jobStates.indexOf(state))
    conditions.push({ sql: `state IN (${places.length > 0 ? places.join(', ') : -2})`, parameters: [] })
    if (places.every(isOpenState)) conditions.push({ sql: 'state IN (0, 1)', parameters: [] })
  }
  const { from, to } = filter
  if (from !== undefined || to !== undefined) conditions.push({ sql: 'start_at IS NOT NULL', parameters: [] })
  // What has started is sorted by its start.
  if (to !== undefined) conditions.push({ sql: 'sort_at <= ?', parameters: [to] })
  if (from !== undefined) conditions.push({ sql: '(end_at IS NULL OR end_at >= ?)', parameters: [from] })
  return conditions
}

/** Documents of runs that are pending or running. */
export async function openRuns(sql: Sql): Promise<string[]> {
  const rows = await sql.query(`SELECT doc FROM job_run AS run WHERE state IN (0, 1) ${newestFirst}`)
  return rows.map((row) => String(row['doc']))
}

/** How many runs there are in each state. */
export async function countStates(sql: Sql): Promise<Record<JobState, number>> {
  const counters = await readCounters(sql)
  const entries = jobStates.map((state): [JobState, number] => [state, counters.get(state) ?? 0])
  return Object.fromEntries(entries) as Record<JobState, number>
}

/** The newest rows of the audit. */
export async function auditRows(
  sql: Sql,
  { jobId, limit, before }: { jobId?: string; limit: number; before?: number },
): Promise<AuditText[]> {
  const select = `SELECT seq, cluster, job_id, restart, created, event
    FROM job_audit AS audit CROSS JOIN job_run AS run WHERE run.id = audit.run_id`
  const older = before === undefined ? '' : ' AND seq < ?'
  const tail = before === undefined ? [limit] : [before, limit]
  if (jobId === undefined) {
    return (await sql.query(`${select}${older} ORDER BY seq DESC LIMIT ?`, tail)).map(auditText)
  }
  const runs = await lookUp(sql, parseLookup(jobId), 'id', '1 = 1')
  const ofRuns = await Promise.all(
    runs.map(({ id }) =>
      sql.query(`${select} AND audit.run_id = ?${older} ORDER BY seq DESC LIMIT ?`, [id ?? null, ...tail]),
    ),
  )
  return ofRuns
    .flat()
    .map(auditText)
    .toSorted((a, b) => b.seq - a.seq)
    .slice(0, limit)
}

function auditText(row: Row): AuditText {
  return {
    seq: Number(row['seq']),
    cluster: String(row['cluster']),
    jobId: String(row['job_id']),
    restart: Number(row['restart']),
    created: row['created'] === 1,
    event: String(row['event']),
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
