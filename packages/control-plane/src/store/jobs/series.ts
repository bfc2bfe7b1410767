import { runKeyText } from '@navarch/core/job/identity'
import type { RunKey } from '@navarch/core/job/job-doc'
import type { JobSample } from '@navarch/core/job/sample-columns'
import { unpackBlock } from '@navarch/samples/block'
import { downsample } from '@navarch/samples/downsample'
import { mergeSamples } from '@navarch/samples/merge'
import type { NodeSeries, SeriesWindow } from '../job-store.ts'
import type { Row, Sql } from '../sql/sql.ts'

/** A run's readings of a window, by node; see `JobStore.series`. */
export async function readSeries(sql: Sql, run: RunKey, window: SeriesWindow): Promise<NodeSeries[]> {
  // First what waits to be packed: what is packed in between is seen twice, and never not at all.
  const waiting = await sql.query(
    'SELECT node, 0 AS step_ms, bytes FROM sample_inbox WHERE run_key = ? AND to_at >= ? AND from_at <= ?',
    [runKeyText(run), window.from, window.to],
  )
  const blocks = await sql.query(
    `SELECT node, step_ms, bytes FROM sample_block
     WHERE run_id = (SELECT id FROM job_run WHERE job_id = ? AND cluster = ? AND restart = ?)
     AND to_at + step_ms >= ? AND from_at <= ?`,
    [run.jobId, run.cluster, run.restart, window.from, window.to],
  )
  const nodes = Map.groupBy([...blocks, ...waiting], (row) => String(row['node']))
  return [...nodes]
    .map(([node, rows]) => nodeSeries(node, rows, window))
    .filter(({ samples }) => samples.length > 0)
    .sort((a, b) => (a.node < b.node ? -1 : 1))
}

/** In a window that has downsampled readings, all are. */
function nodeSeries(node: string, rows: readonly Row[], { from, to, stepMs = 0 }: SeriesWindow): NodeSeries {
  const kept = rows.reduce((most, row) => Math.max(most, Number(row['step_ms'])), 0)
  const step = kept > 0 ? Math.max(1, Math.ceil(stepMs / kept)) * kept : stepMs
  const inWindow = ({ at }: JobSample, width: number) => at <= to && (width > 0 ? at + width > from : at >= from)
  const samples = mergeSamples(
    rows.map((row) => {
      const width = Number(row['step_ms'])
      return samplesOf(row).filter((sample) => inWindow(sample, width))
    }),
  )
  return step > 0 ? { node, samples: downsample(samples, step), stepMs: step } : { node, samples }
}

/** The readings of a row's block. @throws BlockError when it is damaged */
export function samplesOf(row: Row): JobSample[] {
  const { bytes } = row
  return bytes instanceof Uint8Array ? unpackBlock(bytes) : []
}
