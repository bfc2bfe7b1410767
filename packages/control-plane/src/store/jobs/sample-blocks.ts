import type { JobSample } from '@navarch/core/job/sample-columns'
import { packBlock } from '@navarch/samples/block'
import { insertRows } from '../sql/insert-rows.ts'
import type { Sql, SqlValue } from '../sql/sql.ts'
import { countKnown } from './sample-inbox.ts'

/** What becomes of a block: a small one is joined with others to a full one, and at some age they are downsampled. */
export const stages = { small: 0, full: 1, coarseSmall: 2, coarseFull: 3 } as const

/** Readings of a full block: an hour at 15 s. More compress no better and cost more to read for a short window. */
export const fullBlock = 240

/** Readings of one run on one node. */
export interface BlockSeries {
  runId: number
  node: string
}

const columns = ['run_id', 'node', 'stage', 'from_at', 'to_at', 'step_ms', 'readings', 'known', 'bytes']

/**
 * Stores readings in full blocks, and what is left in a small one.
 * @param samples oldest first, each moment once
 * @param stepMs 0 for readings as they came
 * @param isLast whether no more are to come: the rest is a full block then
 * @returns how many values are known
 */
export async function storeBlocks(
  tx: Sql,
  { runId, node }: BlockSeries,
  samples: readonly JobSample[],
  { stepMs, isLast }: { stepMs: number; isLast: boolean },
): Promise<number> {
  const rows: SqlValue[][] = []
  let total = 0
  for (let from = 0; from < samples.length; from += fullBlock) {
    const some = samples.slice(from, from + fullBlock)
    const isFull = isLast || some.length === fullBlock
    const stage = (isFull ? stages.full : stages.small) + (stepMs > 0 ? stages.coarseSmall : 0)
    const known = countKnown(some)
    total += known
    rows.push([
      ...[runId, node, stage, some[0]?.at ?? 0, some.at(-1)?.at ?? 0, stepMs, some.length, known],
      packBlock(some),
    ])
  }
  await insertRows(tx, 'sample_block', columns, rows)
  return total
}
