import { gpuColumns, hostColumns, type JobSample, type SampleColumn } from '@navarch/core/job/sample-columns'

/**
 * One sample for each `stepMs` in which there is a reading, at the beginning of that time; steps begin at multiples of `stepMs` since the
 * epoch. Gauges have the mean of their known readings, each of the same weight; counters the last known; throttle reasons all bits that
 * were set. What no reading knows stays unknown.
 * @param samples oldest first
 * @param stepMs a whole number of ms
 */
export function downsample(samples: readonly JobSample[], stepMs: number): JobSample[] {
  const steps = new Map<number, JobSample[]>()
  for (const sample of samples) {
    const at = Math.floor(sample.at / stepMs) * stepMs
    const step = steps.get(at)
    if (step) step.push(sample)
    else steps.set(at, [sample])
  }
  return [...steps].map(([at, readings]) => {
    const gpus = new Map<string, (readonly number[])[]>()
    for (const { uuid, values } of readings.flatMap((reading) => reading.gpus)) {
      const rows = gpus.get(uuid)
      if (rows) rows.push(values)
      else gpus.set(uuid, [values])
    }
    return {
      at,
      host: joinRows(
        hostColumns,
        readings.map(({ host }) => host),
      ),
      gpus: [...gpus].map(([uuid, rows]) => ({ uuid, values: joinRows(gpuColumns, rows) })),
    }
  })
}

function joinRows(columns: readonly SampleColumn[], rows: readonly (readonly number[])[]): number[] {
  const width = rows.reduce((most, row) => Math.max(most, row.length), 0)
  return columns.slice(0, width).map((column, at) => {
    const known = rows.map((row) => row[at] ?? Number.NaN).filter((value) => Number.isFinite(value))
    return joinValues(column, known)
  })
}

/** @param values known ones, oldest first */
export function joinValues({ name, kind }: SampleColumn, values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  if (kind === 'counter') return values.at(-1) ?? Number.NaN
  if (name === 'throttle_reasons') return allBits(values)
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The mask has 64 bits, and JavaScript's `|` only 32. */
function allBits(masks: readonly number[]): number {
  return Number(masks.reduce((bits, mask) => bits | BigInt(Math.round(mask)), 0n))
}
