import { gpuColumns, hostColumns, type JobSample } from '@navarch/core/job/sample-columns'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trainingSamples } from '../test/training-samples.ts'
import { downsample } from './downsample.ts'
import { drawLines, type Line, type NodeReadings } from './lines.ts'

const start = Date.UTC(2026, 0, 1)
const whole = { from: 0, to: Number.MAX_SAFE_INTEGER }

type Host = Partial<Record<(typeof hostColumns)[number]['name'], number>>
type Gpu = Partial<Record<(typeof gpuColumns)[number]['name'], number>>

function sample(seconds: number, host: Host, gpu?: Gpu): JobSample {
  return {
    at: start + seconds * 1000,
    host: hostColumns.map(({ name }) => host[name] ?? Number.NaN),
    gpus: gpu ? [{ uuid: 'GPU-1', values: gpuColumns.map(({ name }) => gpu[name] ?? Number.NaN) }] : [],
  }
}

/** The values of the one line of a metric. */
function line(lines: readonly Line[], metric: string): (number | null)[] {
  const found = lines.filter((one) => one.metric === metric)
  expect(found).toHaveLength(1)
  return found[0]?.values ?? []
}

describe('drawLines', () => {
  it('draws counters as rates: CPU in percent of the CPUs, I/O per second, stalls in percent of the time', () => {
    const samples = [0, 15, 30].map((at) =>
      sample(at, { cpu_seconds: at * 2, read_bytes: at * 4096, io_stall_seconds: at / 10 }),
    )
    const { times, stepMs, lines } = drawLines([{ node: 'n1', samples, cpus: 4 }], whole, 100)
    expect(stepMs).toBe(15_000)
    expect(times).toEqual([0, 15, 30].map((at) => start + at * 1000))
    expect(line(lines, 'cpu_percent')).toEqual([50, 50, null])
    expect(line(lines, 'read_bytes_per_second')).toEqual([4096, 4096, null])
    expect(
      line(lines, 'io_stall_percent')
        .slice(0, 2)
        .map((value) => value?.toFixed(9)),
    ).toEqual(['10.000000000', '10.000000000'])
    expect(lines.find(({ metric }) => metric === 'read_bytes_per_second')?.unit).toBe('bytes_per_second')
  })

  it('leaves out what nobody knows: columns without values, and percent of CPUs whose number is not known', () => {
    const { lines } = drawLines([{ node: 'n1', samples: [sample(0, { cpu_seconds: 1, processes: 3 })] }], whole, 100)
    expect(lines.map(({ metric }) => metric)).toEqual(['processes'])
    expect(drawLines([], whole, 100)).toEqual({ times: [], stepMs: 1000, lines: [] })
  })

  it('shows a CPU figure that a client recorded where none was measured', () => {
    const { lines } = drawLines(
      [{ node: '', samples: [sample(0, { cpu_usage_percent: 12.5, gpu_usage_percent: 3 })] }],
      whole,
      9,
    )
    expect(line(lines, 'cpu_percent')).toEqual([12.5])
    expect(line(lines, 'gpu_percent')).toEqual([3])
  })

  it('draws GPUs by their name, means of levels and all bits of masks', () => {
    const gpu = (at: number, power: number, mask: number) =>
      sample(at, {}, { power_watts: power, throttle_reasons: mask, energy_joules: at * 300 })
    const samples = [gpu(0, 100, 4), gpu(1, 300, 0x40), gpu(2, 500, 0), gpu(3, 700, 0)]
    const { stepMs, lines } = drawLines([{ node: 'n1', samples }], whole, 2)
    expect(stepMs).toBe(2000)
    expect(line(lines, 'gpu_power_watts')).toEqual([200, 600])
    expect(line(lines, 'gpu_throttle_reasons')).toEqual([0x44, 0])
    expect(line(lines, 'gpu_energy_joules')).toEqual([300, 900])
    expect(lines.every(({ gpuUuid, node }) => gpuUuid === 'GPU-1' && node === 'n1')).toBe(true)
  })

  it('has null where nobody looked for more than a minute, and goes straight over shorter times', () => {
    const samples = [0, 15, 30, 60, 180, 195].map((at) => sample(at, { memory_bytes: at, read_bytes: at }))
    const { lines } = drawLines([{ node: 'n1', samples }], whole, 100)
    const gap = [null, null, null, null, null, null, null]
    expect(line(lines, 'memory_bytes')).toEqual([0, 15, 30, 52.5, 60, ...gap, 180, 195])
    expect(line(lines, 'read_bytes_per_second')).toEqual([1, 1, 1, 1, null, ...gap, 1, null])
  })

  it('takes no rate from a counter that began anew', () => {
    const samples = [50, 60, 2, 12].map((value, at) => sample(at * 10, { write_bytes: value }))
    expect(line(drawLines([{ node: 'n1', samples }], whole, 9).lines, 'write_bytes_per_second')).toEqual([
      1,
      null,
      1,
      null,
    ])
  })

  it('has a rate for a job of one second', () => {
    const samples = [sample(0.1, { cpu_seconds: 0.05 }), sample(0.9, { cpu_seconds: 0.85 })]
    const { times, lines } = drawLines([{ node: 'n1', samples, cpus: 1 }], whole, 100)
    expect(times).toEqual([start])
    expect(line(lines, 'cpu_percent')[0]).toBeCloseTo(100, 6)
  })

  it('puts all nodes on one grid, and keeps to the window', () => {
    const samples = [0, 1, 2, 3, 4, 5].map((at) => sample(at, { processes: at }))
    const nodes: NodeReadings[] = [
      { node: 'n1', samples: samples.slice(0, 4) },
      { node: 'n2', samples: samples.slice(2) },
    ]
    const { times, lines } = drawLines(nodes, { from: start + 1000, to: start + 4000 }, 100)
    expect(times).toEqual([1, 2, 3, 4].map((at) => start + at * 1000))
    expect(lines.map(({ node, values }) => [node, values])).toEqual([
      ['n1', [1, 2, 3, null]],
      ['n2', [null, 2, 3, 4]],
    ])
  })

  it('continues downsampled readings with those as read, without a hole and without a step', () => {
    const all = Array.from({ length: 80 }, (_, at) => sample(at * 15, { read_bytes: at * 15, memory_bytes: at * 15 }))
    const coarse = downsample(all.slice(0, 40), 300_000)
    const nodes: NodeReadings[] = [
      { node: 'n1', samples: all.slice(40) },
      { node: 'n1', samples: coarse, stepMs: 300_000 },
    ]
    const { stepMs, lines } = drawLines(nodes, whole, 20)
    expect(stepMs).toBe(60_000)
    const rates = line(lines, 'read_bytes_per_second').filter((value) => value !== null)
    expect(rates.length).toBeGreaterThan(10)
    for (const rate of rates) expect(Math.abs(rate - 1)).toBeLessThan(0.1)
    const memory = line(lines, 'memory_bytes')
    expect(memory.slice(3)).not.toContain(null)
    expect(memory.slice(3)).toEqual(memory.slice(3).toSorted((a, b) => (a ?? 0) - (b ?? 0)))
  })

  it('never has more times than were asked for, nor a value beyond the readings', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 2, max: 500 }),
        fc.array(fc.integer({ min: 1, max: 2_000_000 }), { minLength: 1, maxLength: 50 }),
        (seed, points, intervals) => {
          let at = start
          const samples = trainingSamples({ seed, samples: intervals.length, gpus: 1 }).map((one, index) => {
            at += intervals[index] ?? 1
            return { ...one, at }
          })
          const { times, stepMs, lines } = drawLines([{ node: 'n1', samples, cpus: 64 }], whole, points)
          expect(times.length).toBeLessThanOrEqual(points)
          expect(times.every((time, index) => index === 0 || time - (times[index - 1] ?? 0) === stepMs)).toBe(true)
          const powers = samples.map(({ gpus }) => gpus[0]?.values[2] ?? Number.NaN)
          for (const { metric, unit, values } of lines) {
            expect(values).toHaveLength(times.length)
            const known = values.filter((value) => value !== null)
            expect(known.every((value) => Number.isFinite(value) && value >= 0)).toBe(true)
            if (unit === 'percent') expect(Math.max(...known)).toBeLessThanOrEqual(100.0001)
            if (metric !== 'gpu_power_watts') continue
            expect(Math.min(...known)).toBeGreaterThanOrEqual(Math.min(...powers) - 1e-6)
            expect(Math.max(...known)).toBeLessThanOrEqual(Math.max(...powers) + 1e-6)
          }
        },
      ),
    )
  })
})
