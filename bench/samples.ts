/**
 * What job samples take on disk and how fast they are packed: bytes a value, by size of block and by column, values a second,
 * and the lines of a day.
 *
 *   npm run bench:samples [-- --seconds 2]
 *
 * The data are made up, with even noise (`packages/samples/test/training-samples.ts`): 8 GPUs every 15 s, busy, ±5 W and ±1 °C.
 */
import { parseArgs } from 'node:util'
import { gpuColumns, hostColumns, type JobSample } from '@navarch/core/job/sample-columns'
import { packBlock, unpackBlock } from '@navarch/samples/block'
import { drawLines } from '@navarch/samples/lines'
import { countValues, trainingSamples } from '../packages/samples/test/training-samples.ts'
import { type Figure, quantile, report } from './report.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '2' } } })
const seconds = Number(values.seconds)

const blocks = [4, 40, 120, 240].map((count) => ({ count, samples: trainingSamples({ samples: count }) }))
const [largest = []] = blocks.slice(-1).map(({ samples }) => samples)
const packed = packBlock(largest)
const day = trainingSamples({ samples: 5760 })
const window = { from: 0, to: Number.MAX_SAFE_INTEGER }

report(
  'samples',
  [
    ...blocks.map(({ count, samples }): Figure => {
      const bytes = packBlock(samples).length / countValues(samples)
      const name = `bytes a value, blocks of ${count} readings`
      // Blocks of less than ten minutes are packed again with their neighbours.
      return { name, value: bytes, unit: 'B', ...(count >= 40 && { goal: 1.6 }) }
    }),
    { name: 'packing', value: rate(() => packBlock(largest)), unit: 'M values/s' },
    { name: 'unpacking', value: rate(() => unpackBlock(packed)), unit: 'M values/s' },
    {
      name: 'lines of a day, 300 points, median',
      value: quantile(
        timesOf(() => drawDay()),
        0.5,
      ),
      unit: 'ms',
    },
  ],
  {
    readings: largest.length,
    gpus: 8,
    bytes_per_value_by_column: { ...byColumn('host', hostColumns), ...byColumn('gpu', gpuColumns) },
  },
)

/** Millions of the largest block's values a second. */
function rate(work: () => unknown): number {
  const times = timesOf(work)
  return countValues(largest) / (quantile(times, 0.5) * 1000)
}

/** How long each of the runs takes, ms; the first ones do not count, as the code is not compiled yet. */
function timesOf(work: () => unknown): number[] {
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  for (let run = 0; performance.now() < end || times.length < 3; run++) {
    const start = performance.now()
    work()
    if (run >= 5) times.push(performance.now() - start)
  }
  return times
}

function drawDay(): void {
  drawLines([{ node: 'gpu-1', samples: day, cpus: 64 }], window, 300)
}

/** What a block takes less without a column, by its known values. */
function byColumn(part: 'host' | 'gpu', columns: readonly { name: string }[]): Record<string, number> {
  const costs = columns.flatMap(({ name }, at) => {
    const without = largest.map((sample) => withoutColumn(sample, part, at))
    const count = countValues(largest) - countValues(without)
    if (count === 0) return []
    return [
      [`${part}.${name}`, Math.round(((packed.length - packBlock(without).length) / count) * 1000) / 1000] as const,
    ]
  })
  return Object.fromEntries(costs)
}

function withoutColumn({ at, host, gpus }: JobSample, part: 'host' | 'gpu', column: number): JobSample {
  const cut = (row: readonly number[]) => row.map((value, index) => (index === column ? Number.NaN : value))
  if (part === 'host') return { at, host: cut(host), gpus }
  return { at, host, gpus: gpus.map(({ uuid, values: row }) => ({ uuid, values: cut(row) })) }
}
