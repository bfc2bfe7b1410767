import type { JobDoc } from '@navarch/core/job/job-doc'
import { type JobState, jobStates } from '@navarch/core/job/job-event'
import type { ApplyOutcome } from '../job-store.ts'
import { insertRows } from '../sql/insert-rows.ts'
import type { Row, Sql, SqlValue } from '../sql/sql.ts'
import { addToCounters } from './counters.ts'
import { type Applied, foldCalls, jobKey, type SentEvent } from './fold-calls.ts'
import type { KnownJobs, StoredRun } from './known-jobs.ts'
import { lockJobs } from './lock-jobs.ts'
import { type ColumnPart, columnParts, deletedState, keyColumns, partOf, type RunRow, rowOf } from './run-row.ts'

/** For each call what became of it, and what is to be remembered once the transaction is durable. */
export interface AppliedCalls {
  results: ({ answer: ApplyOutcome[] } | { error: unknown })[]
  stored: ReadonlyMap<string, readonly StoredRun[]>
}

const stateColumn = columnParts.phase.indexOf('state')

/** Folds the events of calls into their runs and stores these, within a transaction. */
export async function applyCalls(
  tx: Sql,
  jobs: Pick<KnownJobs, 'get'>,
  calls: readonly (readonly SentEvent[])[],
): Promise<AppliedCalls> {
  const before = await loadJobs(tx, jobs, calls)
  const docs = new Map([...before].map(([key, runs]) => [key, runs.map(({ doc }) => doc)]))
  const { results, changed, audit } = foldCalls(docs, calls)
  const stored = new Map(before)
  const counts = new Map<string, number>()
  const nodes: SqlValue[][] = []
  const rows: SqlValue[][] = []
  const updates: Record<UpdateKind, SqlValue[][]> = { doc: [], phase: [], all: [] }
  const ids = await newIds(tx, countNew(before, changed))
  for (const [key, runs] of changed) {
    for (const doc of runs) {
      const old = runIn(before.get(key), doc)
      const row = rowOf(doc)
      const text = JSON.stringify(doc)
      const id = old?.id ?? ids.pop()
      if (id === undefined) throw new Error(`no id for the run ${key}`)
      countStates(counts, old?.row, row)
      if (old) {
        const kind = updateKind(old, row)
        updates[kind].push([
          ...(kind === 'all' ? [...row.phase, ...row.names] : kind === 'phase' ? row.phase : []),
          text,
          id,
        ])
      } else rows.push([id, doc.jobId, doc.cluster, doc.restart, ...row.phase, ...row.names, text])
      if (!old || !hasNodes(old, row.nodes)) for (const node of row.nodes) nodes.push([node, id])
      remember(stored, key, { id, doc, row, size: text.length })
    }
  }
  counts.set('runs', rows.length)
  const audited = audit.map(({ run, created, text }) => [
    runIn(stored.get(jobKey(run)), run)?.id ?? null,
    created ? 1 : 0,
    text,
  ])
  await Promise.all([
    insertRows(tx, 'job_run', ['id', ...columns], rows),
    ...updateKinds.map((kind) => tx.runAll(updateTexts[kind], updates[kind])),
    insertRows(tx, 'job_node', ['node', 'run_id'], nodes, 'ON CONFLICT DO NOTHING'),
    insertRows(tx, 'job_audit', ['run_id', 'created', 'event'], audited),
    addToCounters(tx, counts),
  ])
  const answers = results.map((result) =>
    'applied' in result ? { answer: result.applied.map((one) => outcomeOf(one, stored)) } : result,
  )
  return { results: answers, stored }
}

function outcomeOf({ outcome, run }: Applied, stored: ReadonlyMap<string, readonly StoredRun[]>): ApplyOutcome {
  const state = run && stateName(runIn(stored.get(jobKey(run)), run)?.row)
  return state === undefined ? outcome : { ...outcome, state }
}

const columns = [...keyColumns, ...columnParts.phase, ...columnParts.names, 'doc']
const selectRuns = `SELECT id, ${columns.join(', ')} FROM job_run`
const selectOne = `${selectRuns} WHERE job_id = ? AND cluster = ?`
/** OFFSET keeps the planner from a join: a plan made while the table was small would read all of it for ever. */
const selectAll = `SELECT run.* FROM jsonb_array_elements(?::jsonb) AS job
  CROSS JOIN LATERAL (${selectRuns} WHERE job_id = job->>0 AND cluster = job->>1 OFFSET 0) AS run`

/** All runs of the jobs that calls are about, locked until the transaction ends. */
async function loadJobs(
  tx: Sql,
  jobs: Pick<KnownJobs, 'get'>,
  calls: readonly (readonly SentEvent[])[],
): Promise<Map<string, readonly StoredRun[]>> {
  const found = new Map<string, readonly StoredRun[]>()
  const wanted = new Map<string, { cluster: string; jobId: string }>()
  for (const call of calls) {
    for (const { event, key } of call) {
      if (found.has(key) || wanted.has(key)) continue
      const known = jobs.get(key)
      if (known) found.set(key, known)
      else wanted.set(key, event.job)
    }
  }
  await lockJobs(tx, [...wanted.keys()])
  for (const [key, runs] of await runsOfJobs(tx, wanted)) found.set(key, runs.map(storedRun))
  return found
}

/** In PostgreSQL one statement; as single ones they would be most of what a transaction does. */
async function runsOfJobs(
  tx: Sql,
  jobs: ReadonlyMap<string, { cluster: string; jobId: string }>,
): Promise<Map<string, Row[]>> {
  const found = new Map<string, Row[]>([...jobs.keys()].map((key) => [key, []]))
  if (jobs.size === 0) return found
  const wanted = [...jobs.values()].map(({ cluster, jobId }) => [jobId, cluster])
  const rows =
    tx.dialect === 'postgres'
      ? await tx.query(selectAll, [JSON.stringify(wanted)])
      : (await Promise.all(wanted.map((names) => tx.query(selectOne, names)))).flat()
  for (const row of rows)
    found.get(jobKey({ jobId: String(row['job_id']), cluster: String(row['cluster']) }))?.push(row)
  return found
}

function storedRun(row: Row): StoredRun {
  const text = String(row['doc'])
  return {
    id: Number(row['id']),
    // Written by `applyCalls` from the same type; the schema's version guards against other writers.
    doc: JSON.parse(text) as JobDoc,
    row: { phase: partOf(row, 'phase'), names: partOf(row, 'names') },
    size: text.length,
  }
}

/** Ids for rows to be inserted. */
async function newIds(tx: Sql, count: number): Promise<number[]> {
  if (count === 0) return []
  if (tx.dialect === 'postgres') {
    const sequence = `nextval(pg_get_serial_sequence('job_run', 'id'))`
    const rows = await tx.query(`SELECT ${sequence} AS id FROM generate_series(1, ?::bigint)`, [count])
    return rows.map((row) => Number(row['id']))
  }
  const [row] = await tx.query(`SELECT seq FROM sqlite_sequence WHERE name = 'job_run'`)
  const last = Number(row?.['seq'] ?? 0)
  return Array.from({ length: count }, (_, index) => last + count - index)
}

function countNew(
  before: ReadonlyMap<string, readonly StoredRun[]>,
  changed: ReadonlyMap<string, readonly JobDoc[]>,
): number {
  let count = 0
  for (const [key, runs] of changed) for (const doc of runs) if (!runIn(before.get(key), doc)) count++
  return count
}

const updateKinds = ['doc', 'phase', 'all'] as const
type UpdateKind = (typeof updateKinds)[number]
const assignments = (parts: readonly ColumnPart[]) =>
  [...parts.flatMap((part) => [...columnParts[part]]), 'doc'].map((column) => `${column} = ?`).join(', ')
/** Indexes are written for the columns that a statement names, even where a value stays. */
const updateTexts: Record<UpdateKind, string> = {
  doc: `UPDATE job_run SET ${assignments([])} WHERE id = ?`,
  phase: `UPDATE job_run SET ${assignments(['phase'])} WHERE id = ?`,
  all: `UPDATE job_run SET ${assignments(['phase', 'names'])} WHERE id = ?`,
}

function updateKind(old: StoredRun, { phase, names }: RunRow): UpdateKind {
  if (!sameValues(old.row.names, names)) return 'all'
  return sameValues(old.row.phase, phase) ? 'doc' : 'phase'
}

/** Whether the nodes are stored for the run already. */
function hasNodes({ doc, row }: StoredRun, nodes: readonly string[]): boolean {
  if (nodes === row.nodes || nodes.every((node) => node in doc.started || node in doc.finished)) return true
  const known = new Set(row.nodes ?? rowOf(doc).nodes)
  return nodes.every((node) => known.has(node))
}

function countStates(counts: Map<string, number>, before: Pick<RunRow, 'phase'> | undefined, after: RunRow): void {
  const [old, now] = [stateName(before), stateName(after)]
  if (old === now) return
  if (old) counts.set(old, (counts.get(old) ?? 0) - 1)
  if (now) counts.set(now, (counts.get(now) ?? 0) + 1)
}

function stateName(row: Pick<RunRow, 'phase'> | undefined): JobState | undefined {
  return jobStates[Number(row?.phase[stateColumn] ?? deletedState)]
}

function remember(stored: Map<string, readonly StoredRun[]>, key: string, run: StoredRun): void {
  const others = (stored.get(key) ?? []).filter(({ doc }) => doc.restart !== run.doc.restart)
  stored.set(key, [...others, run])
}

function runIn(runs: readonly StoredRun[] | undefined, { restart }: JobDoc): StoredRun | undefined {
  return runs?.find(({ doc }) => doc.restart === restart)
}

function sameValues(a: readonly SqlValue[], b: readonly SqlValue[]): boolean {
  return a.every((value, index) => value === b[index])
}
