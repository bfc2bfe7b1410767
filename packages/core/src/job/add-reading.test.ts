import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addReading, longestGapMs } from './add-reading.ts'
import type { NodeUsage } from './node-usage.ts'
import type { HostReading, JobGpuReading, JobReading } from './reading.ts'
import { sampleOf } from './reading.ts'

const start = Date.UTC(2026, 0, 1)
const reading = (seconds: number, host: HostReading, ...gpus: Partial<JobGpuReading>[]): JobReading => ({
  at: start + seconds * 1000,
  source: 'cgroup-v2',
  host,
  gpus: gpus.map((gpu) => ({ uuid: 'GPU-1', vendor: 'nvidia', ...gpu })),
})
function usageOf(...readings: JobReading[]): NodeUsage {
  const usage = readings.reduce<NodeUsage | undefined>(addReading, undefined)
  if (!usage) throw new Error('no reading')
  return usage
}

describe('addReading', () => {
  it('begins and ends with the first and the last reading', () => {
    const usage = usageOf(reading(1, { cpuSeconds: 0.5 }), reading(3, { cpuSeconds: 2.5, processes: 4 }))
    expect(usage).toEqual({
      source: 'cgroup-v2',
      since: start + 1000,
      until: start + 3000,
      readings: 2,
      cpuSeconds: 2.5,
      processesMax: 4,
      gpus: [],
    })
  })

  it('keeps counters and maxima that a later reading does not tell, and forgets what is held', () => {
    const usage = usageOf(reading(0, { cpuSeconds: 9, memoryBytes: 100, oomKills: 1 }), reading(1, {}))
    expect(usage).toMatchObject({ cpuSeconds: 9, memoryMaxBytes: 100, oomKills: 1 })
    expect(usage).not.toHaveProperty('memoryBytes')
  })

  it("takes the kernel's peak, and the highest total where there is none", () => {
    expect(usageOf(reading(0, { memoryTotalBytes: 5, memoryPeakBytes: 70 })).memoryPeakBytes).toBe(70)
    const totals = [5, 50, 20].map((memoryTotalBytes, at) => reading(at, { memoryTotalBytes }))
    expect(usageOf(...totals).memoryPeakBytes).toBe(50)
  })

  it('weights by time: a minute at 100 % and then a second at 0 %', () => {
    const values = [
      [0, 100],
      [60, 100],
      [60.001, 0],
      [61, 0],
    ] as const
    const usage = usageOf(...values.map(([at, utilizationPercent]) => reading(at, {}, { utilizationPercent })))
    expect(usage.gpus[0]?.utilizationMean).toBeCloseTo((100 * 60) / 61, 1)
    expect(usage.gpus[0]?.idleSeconds).toBeCloseTo(0.999, 6)
  })

  it("prefers the driver's energy counter, and sums up power without one; it says which", () => {
    const powers = [0, 10].map((at) => reading(at, {}, { powerWatts: 300 }))
    expect(usageOf(...powers).gpus[0]).toMatchObject({ energyJoules: 3000, energySource: 'power' })
    const counted = [0, 10].map((at) => reading(at, {}, { powerWatts: 300, energyCounterJoules: 5000 + at * 250 }))
    expect(usageOf(...counted).gpus[0]).toMatchObject({ energyJoules: 2500, energySource: 'counter' })
  })

  it('goes on counting energy when the driver was loaded anew', () => {
    const counters = [100, 200, 0, 50].map((energyCounterJoules, at) => reading(at, {}, { energyCounterJoules }))
    expect(usageOf(...counters).gpus[0]?.energyJoules).toBe(150)
  })

  it('counts heat and power as throttling, and not the normal power cap', () => {
    const masks = [0x4, 0x4, 0x40, 0x40].map((throttleReasons, at) => reading(at, {}, { throttleReasons }))
    expect(usageOf(...masks).gpus[0]?.throttledSeconds).toBe(1.5)
  })

  it('makes nothing up for a time in which nobody looked', () => {
    const later = longestGapMs / 1000 + 1
    const usage = usageOf(
      reading(0, {}, { utilizationPercent: 0, powerWatts: 100 }),
      reading(later, {}, { utilizationPercent: 0, powerWatts: 100 }),
    )
    expect(usage.gpus[0]).toMatchObject({ idleSeconds: 0, energyJoules: 0, utilizationSeconds: 0 })
  })

  it('leaves out what a GPU does not report', () => {
    expect(usageOf(reading(0, {}, { temperatureCelsius: 40 }), reading(1, {}, {})).gpus).toEqual([
      { uuid: 'GPU-1', vendor: 'nvidia', readings: 2, temperatureMax: 40, last: { at: start + 1000 } },
    ])
  })

  it('does not count a reading twice', () => {
    const usage = usageOf(reading(0, { cpuSeconds: 1 }), reading(5, { cpuSeconds: 2 }))
    expect(addReading(usage, reading(5, { cpuSeconds: 3 }))).toBe(usage)
  })
})

const gpuValues = fc.record(
  {
    utilizationPercent: fc.integer({ min: 0, max: 100 }),
    powerWatts: fc.integer({ min: 0, max: 1000 }),
    memoryBytes: fc.nat(),
    temperatureCelsius: fc.nat(120),
    throttleReasons: fc.nat(0xff),
    energyCounterJoules: fc.nat(),
  },
  { requiredKeys: [] },
)
const hostValues = fc.record(
  {
    cpuSeconds: fc.nat(),
    memoryBytes: fc.nat(),
    memoryTotalBytes: fc.nat(),
    oomKills: fc.nat(3),
    processes: fc.nat(99),
  },
  { requiredKeys: [] },
)
const readings = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 60 }), hostValues, fc.array(gpuValues, { maxLength: 1 })), { minLength: 1 })
  .map((steps) => {
    let at = 0
    return steps.map(([seconds, host, gpus]) => {
      at += seconds
      return reading(at, host, ...gpus)
    })
  })

describe('addReading, whatever comes', () => {
  it('never lets a counter or a maximum fall, and never has a mean outside of the values', () => {
    fc.assert(
      fc.property(readings, (all) => {
        let usage: NodeUsage | undefined
        for (const one of all) {
          const next = addReading(usage, one)
          for (const key of ['cpuSeconds', 'memoryMaxBytes', 'memoryPeakBytes', 'oomKills', 'processesMax'] as const)
            expect(next[key] ?? 0).toBeGreaterThanOrEqual(usage?.[key] ?? 0)
          const [gpu] = next.gpus
          if (gpu?.utilizationMean !== undefined) {
            expect(gpu.utilizationMean).toBeLessThanOrEqual((gpu.utilizationMax ?? 0) + 1e-9)
            expect(gpu.utilizationMean).toBeGreaterThanOrEqual(0)
          }
          expect(gpu?.energyJoules ?? 0).toBeGreaterThanOrEqual(usage?.gpus[0]?.energyJoules ?? 0)
          expect(gpu?.throttledSeconds ?? 0).toBeLessThanOrEqual((next.until - next.since) / 1000)
          usage = next
        }
      }),
    )
  })

  it('a reading on the line between two others changes no mean, no energy and no time', () => {
    const point = fc.record({ utilization: fc.integer({ min: 0, max: 100 }), power: fc.integer({ min: 0, max: 900 }) })
    fc.assert(
      fc.property(
        fc.array(point, { minLength: 2, maxLength: 8 }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        (points, share) => {
          const at = (seconds: number, utilization: number, power: number) =>
            reading(seconds, {}, { utilizationPercent: utilization, powerWatts: power })
          const plain = points.map(({ utilization, power }, index) => at(index * 10, utilization, power))
          const split = points.flatMap((from, index) => {
            const to = points[index + 1]
            const here = at(index * 10, from.utilization, from.power)
            if (!to) return [here]
            const between = (a: number, b: number) => a + (b - a) * share
            const middle = between(from.utilization, to.utilization)
            return [here, at((index + share) * 10, middle, between(from.power, to.power))]
          })
          const [whole] = usageOf(...plain).gpus
          const [parts] = usageOf(...split).gpus
          for (const key of [
            'utilizationMean',
            'powerWattsMean',
            'energyJoules',
            'utilizationSeconds',
            'idleSeconds',
          ] as const)
            expect(parts?.[key]).toBeCloseTo(whole?.[key] ?? Number.NaN, 3)
        },
      ),
    )
  })

  it('goes on after its usage has been written down and read again', () => {
    fc.assert(
      fc.property(readings, fc.nat(), (all, cut) => {
        const at = cut % all.length
        const before = all.slice(0, at).reduce<NodeUsage | undefined>(addReading, undefined)
        const again: NodeUsage | undefined = before && JSON.parse(JSON.stringify(before))
        expect(all.slice(at).reduce<NodeUsage | undefined>(addReading, again)).toEqual(usageOf(...all))
      }),
    )
  })
})

describe('sampleOf', () => {
  it('writes the columns in their order, NaN for what is not known, and no columns after the last', () => {
    const one = reading(
      1,
      { cpuSeconds: 1.5, memoryTotalBytes: 4096 },
      { utilizationPercent: 7, throttleReasons: 4, powerWatts: 90 },
    )
    expect(sampleOf(one, usageOf(one))).toEqual({
      at: start + 1000,
      host: [1.5, Number.NaN, 4096],
      gpus: [{ uuid: 'GPU-1', values: [7, Number.NaN, 90, Number.NaN, Number.NaN, 4, 0] }],
    })
  })

  it("tells energy from the job's start, not the driver's counter", () => {
    const [first, second] = [
      reading(0, {}, { energyCounterJoules: 1e6 }),
      reading(1, {}, { energyCounterJoules: 1e6 + 9 }),
    ]
    expect(sampleOf(second, usageOf(first, second)).gpus[0]?.values.at(6)).toBe(9)
  })
})
