import { runKeyText } from '@navarch/core/job/identity'
import type { RunKey } from '@navarch/core/job/job-doc'
import type { JobSample } from '@navarch/core/job/sample-columns'
import { packBlock } from '@navarch/samples/block'
import type { SampleBatch } from '../job-store.ts'
import { insertReturning } from '../sql/insert-rows.ts'
import type { Sql } from '../sql/sql.ts'
import { addToCounters } from './counters.ts'
import type { PackedBatch } from './job-backend.ts'

/** Readings of one packed batch at most; agents send far fewer. */
const maxReadings = 1_000

/**
 * Packs readings for their way to the store.
 * @throws BlockError for a time that is no whole number of ms, or too many GPUs
 */
export function packBatch({ run, node, samples }: SampleBatch): PackedBatch[] {
  const packed: PackedBatch[] = []
  for (let from = 0; from < samples.length; from += maxReadings) {
    const some = samples.slice(from, from + maxReadings).toSorted((a, b) => a.at - b.at)
    packed.push({
      run,
      node,
      from: some[0]?.at ?? 0,
      to: some.at(-1)?.at ?? 0,
      readings: some.length,
      known: countKnown(some),
      bytes: packBlock(some),
    })
  }
  return packed
}

/** How many values are known. */
export function countKnown(samples: readonly JobSample[]): number {
  let known = 0
  for (const { host, gpus } of samples) {
    for (const value of host) if (Number.isFinite(value)) known++
    for (const { values } of gpus) for (const value of values) if (Number.isFinite(value)) known++
  }
  return known
}

const columns = ['run_key', 'node', 'from_at', 'to_at', 'readings', 'known', 'bytes']

/** Keeps readings as they came, whether or not anything is known of their run yet. What is there already stays as it is. */
export async function addBatches(tx: Sql, batches: readonly PackedBatch[]): Promise<void> {
  const rows = batches.map(({ run, node, from, to, readings, known, bytes }) => [
    ...[runKeyText(run), node, from, to, readings, known],
    bytes,
  ])
  const added = await insertReturning(tx, 'sample_inbox', columns, rows, 'known', 'ON CONFLICT DO NOTHING')
  await addToCounters(
    tx,
    new Map([
      ['known', added.reduce((sum, row) => sum + Number(row['known']), 0)],
      ['waiting', added.length],
    ]),
  )
}

/** Reads `runKeyText`. */
export function runOfKey(text: string): RunKey {
  const [cluster, jobId, restart] = JSON.parse(text)
  return { cluster, jobId, restart }
}
