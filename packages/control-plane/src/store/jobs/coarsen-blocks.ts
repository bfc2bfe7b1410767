import { downsample } from '@navarch/samples/downsample'
import { mergeSamples } from '@navarch/samples/merge'
import { deleteIds } from '../sql/delete-ids.ts'
import type { Row, Sql } from '../sql/sql.ts'
import { addToCounters } from './counters.ts'
import { idsOf, sumOf } from './pack-inbox.ts'
import { type BlockSeries, stages, storeBlocks } from './sample-blocks.ts'
import { samplesOf } from './series.ts'

/** Blocks of one series that one step takes: some 10 ms. */
const stepBlocks = 4

const selectRaw = `SELECT id, stage, from_at, to_at, known, bytes FROM sample_block
  WHERE run_id = ? AND node = ? AND stage IN (${stages.small}, ${stages.full})`

/**
 * Downsamples some of the oldest readings.
 * @param before time up to which they are old, ms
 * @returns whether there were any
 */
export async function coarsenSome(tx: Sql, before: number, stepMs: number): Promise<boolean> {
  // Whole steps alone: their other readings are to be there.
  const cut = Math.floor(before / stepMs) * stepMs
  const oldest = (stage: number) =>
    tx.query('SELECT run_id, node FROM sample_block WHERE stage = ? AND to_at < ? ORDER BY to_at LIMIT 1', [stage, cut])
  const row = (await oldest(stages.full))[0] ?? (await oldest(stages.small))[0]
  if (!row) return false
  await coarsenSeries(tx, { runId: Number(row['run_id']), node: String(row['node']) }, cut, stepMs)
  return true
}

async function coarsenSeries(tx: Sql, series: BlockSeries, cut: number, stepMs: number): Promise<void> {
  const old = await tx.query(`${selectRaw} AND to_at < ? ORDER BY from_at LIMIT ${stepBlocks}`, [
    ...[series.runId, series.node],
    cut,
  ])
  const first = await tx.query(`${selectRaw} ORDER BY from_at LIMIT ${stepBlocks + 1}`, [series.runId, series.node])
  const next = first.find((row) => !old.some(({ id }) => id === row['id']))
  const samples = mergeSamples(old.map(samplesOf))
  // A step that the next block has a part of is left to it.
  const end = next ? Math.floor(Number(next['from_at']) / stepMs) * stepMs : Number.POSITIVE_INFINITY
  const whole = samples.filter(({ at }) => at < end)
  const rest = samples.filter(({ at }) => at >= end)
  const coarse = await tx.query(
    `SELECT id, known, bytes FROM sample_block WHERE run_id = ? AND node = ? AND stage = ${stages.coarseSmall} AND step_ms = ?`,
    [series.runId, series.node, stepMs],
  )
  const replaced: Row[] = [...old, ...coarse]
  let known = await storeBlocks(tx, series, mergeSamples([...coarse.map(samplesOf), downsample(whole, stepMs)]), {
    stepMs,
    isLast: false,
  })
  if (next && rest.length > 0) {
    replaced.push(next)
    const isLast = next['stage'] === stages.full
    known += await storeBlocks(tx, series, mergeSamples([samplesOf(next), rest]), { stepMs: 0, isLast })
  }
  await deleteIds(tx, 'sample_block', idsOf(replaced))
  await addToCounters(tx, new Map([['known', known - sumOf(replaced, 'known')]]))
}
