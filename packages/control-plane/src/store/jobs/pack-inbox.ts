import { mergeSamples } from '@navarch/samples/merge'
import { deleteIds } from '../sql/delete-ids.ts'
import type { Row, Sql } from '../sql/sql.ts'
import { addToCounters } from './counters.ts'
import { isOpenState } from './run-row.ts'
import { fullBlock, stages, storeBlocks } from './sample-blocks.ts'
import { runOfKey } from './sample-inbox.ts'
import { samplesOf } from './series.ts'

/** Age at which readings are packed. What waits takes several times the room. */
const ripeMs = 10 * 60_000
/** How long readings wait for a sign of their run. */
const orphanMs = 24 * 3_600_000
/** Readings that one step packs: some 10 ms. */
const stepReadings = 80
/** Series that one step looks at. */
const stepSeries = 200

/** Where the next step goes on. */
export interface InboxPlace {
  runKey: string
  node: string
}

/**
 * Packs ripe readings, a few at a time.
 * @param after where the last step ended
 * @returns where this one did; undefined when it came to the end
 */
export async function packSome(
  tx: Sql,
  now: number,
  after: InboxPlace = { runKey: '', node: '' },
): Promise<InboxPlace | undefined> {
  const waiting = await tx.query(
    `SELECT run_key, node, min(from_at) AS first, max(to_at) AS last, count(*) AS batches FROM sample_inbox
     WHERE run_key > ? OR (run_key = ? AND node > ?) GROUP BY run_key, node ORDER BY run_key, node LIMIT ${stepSeries}`,
    [after.runKey, after.runKey, after.node],
  )
  let packed = 0
  let place: InboxPlace | undefined
  for (const row of waiting) {
    place = { runKey: String(row['run_key']), node: String(row['node']) }
    if (Number(row['first']) >= now - ripeMs && Number(row['batches']) < fullBlock) continue
    packed += await packSeries(tx, place, Number(row['last']) < now - orphanMs)
    if (packed >= stepReadings) return place
  }
  return waiting.length === stepSeries ? place : undefined
}

/** @returns how many readings were packed */
async function packSeries(tx: Sql, { runKey, node }: InboxPlace, isOld: boolean): Promise<number> {
  const { cluster, jobId, restart } = runOfKey(runKey)
  const [run] = await tx.query('SELECT id, state FROM job_run WHERE job_id = ? AND cluster = ? AND restart = ?', [
    jobId,
    cluster,
    restart,
  ])
  if (!run && !isOld) return 0
  const inbox = await tx.query(
    'SELECT id, from_at, to_at, readings, known, bytes FROM sample_inbox WHERE run_key = ? AND node = ? ORDER BY from_at LIMIT 1000',
    [runKey, node],
  )
  const taken = await deleteIds(tx, 'sample_inbox', idsOf(inbox))
  const counts = { waiting: -taken.length, known: -sumOf(inbox, 'known') }
  if (run) {
    const runId = Number(run['id'])
    const isOver = !isOpenState(run['state'])
    // Full blocks too where readings came late or twice.
    const blocks = await tx.query(
      `SELECT id, stage, from_at, readings, known, bytes FROM sample_block
       WHERE run_id = ? AND node = ? AND (stage = ${stages.small} OR (stage = ${stages.full} AND to_at >= ? AND from_at <= ?))`,
      [runId, node, Number(inbox[0]?.['from_at']), Math.max(...inbox.map((row) => Number(row['to_at'])))],
    )
    const overlap = blocks.some((row) => row['stage'] === stages.full)
    const joined = overlap || isOver || sumOf(blocks, 'readings') + sumOf(inbox, 'readings') >= fullBlock ? blocks : []
    const samples = mergeSamples([...joined, ...inbox].map(samplesOf))
    await deleteIds(tx, 'sample_block', idsOf(joined))
    const known = await storeBlocks(tx, { runId, node }, samples, { stepMs: 0, isLast: isOver })
    counts.known += known - sumOf(joined, 'known')
  }
  await addToCounters(tx, new Map(Object.entries(counts)))
  return sumOf(inbox, 'readings')
}

export function idsOf(rows: readonly Row[]): number[] {
  return rows.map((row) => Number(row['id']))
}

export function sumOf(rows: readonly Row[], column: string): number {
  return rows.reduce((sum, row) => sum + Number(row[column]), 0)
}
