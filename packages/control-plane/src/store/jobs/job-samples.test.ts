import type { JobSample } from '@navarch/core/job/sample-columns'
import { packBlock, unpackBlock } from '@navarch/samples/block'
import { downsample } from '@navarch/samples/downsample'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { finished, noon, recorded, started } from '../../../test/job-events.ts'
import { jobStoreEngines, openJobStore } from '../../../test/job-stores.ts'
import type { JobStore, SampleBatch } from '../job-store.ts'

const run = { cluster: 'default', jobId: '812', restart: 0 }
const stepMs = 15_000
const hourMs = 3_600_000
const forever = { rawMs: 1e15, coarseStepMs: 300_000, samplesMs: 1e15, jobsMs: 1e15 }
const whole = { from: 0, to: 2 * noon }

/** The reading of a step after `noon`: three values of the host and two of each of two GPUs. */
function reading(step: number): JobSample {
  return {
    at: noon + step * stepMs,
    host: [step * 10, 1024 * (1 + (step % 7)), 2048],
    gpus: ['GPU-a', 'GPU-b'].map((uuid) => ({ uuid, values: [step % 100, 1_048_576 * (step % 5)] })),
  }
}

const readings = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => reading(from + index))
/** As exact as what is packed. */
const rounded = (samples: readonly JobSample[] = []) => unpackBlock(packBlock(samples))
const batch = (samples: readonly JobSample[], node = 'gpu-001'): SampleBatch => ({ run, node, samples })

describe.each(jobStoreEngines)('the readings of $title', (engine) => {
  const skip = engine.missing !== undefined
  let place: string
  let store: JobStore
  beforeAll(async () => {
    if (!skip) await engine.start()
  })
  afterAll(async () => {
    if (!skip) await engine.stop()
  })
  beforeEach(async () => {
    if (skip) return
    place = await engine.makePlace()
    store = await openJobStore(place)
  })
  afterEach(async () => {
    if (skip) return
    await store.close().catch(() => {})
    await engine.removePlace(place)
  })
  const test = it.skipIf(skip)

  test('are there as they came, by node, each moment once', async () => {
    await store.apply([started()])
    await store.addSamples([batch(readings(0, 3)), batch(readings(1, 2), 'gpu-002')])
    await store.addSamples([batch(readings(2, 5))])
    expect(await store.series(run, whole)).toEqual([
      { node: 'gpu-001', samples: readings(0, 5) },
      { node: 'gpu-002', samples: readings(1, 2) },
    ])
  })

  test('of a batch that comes twice count once, packed or not', async () => {
    await store.apply([started()])
    await store.addSamples([batch(readings(0, 10)), batch(readings(0, 10))])
    await store.addSamples([batch(readings(0, 10))])
    expect(await store.figures()).toMatchObject({ sampleValues: 70, waitingBatches: 1 })
    await store.maintain(noon + hourMs, forever)
    await store.addSamples([batch(readings(0, 10))])
    await store.maintain(noon + hourMs, forever)
    expect(await store.figures()).toMatchObject({ sampleValues: 140, waitingBatches: 0 })
    expect(await store.series(run, whole)).toEqual([{ node: 'gpu-001', samples: readings(0, 10) }])
  })

  test('are those of the window and no others', async () => {
    await store.apply([started()])
    await store.addSamples([batch(readings(0, 300))])
    await store.maintain(noon + 10 * hourMs, forever)
    await store.addSamples([batch(readings(300, 310))])
    const window = { from: noon + 295 * stepMs, to: noon + 303 * stepMs + 1 }
    expect(await store.series(run, window)).toEqual([{ node: 'gpu-001', samples: readings(295, 304) }])
    expect(await store.series(run, { from: 0, to: noon - 1 })).toEqual([])
    expect(await store.series({ ...run, restart: 1 }, whole)).toEqual([])
  })

  test('are joined to a step that is asked for', async () => {
    await store.apply([started()])
    await store.addSamples([batch(readings(0, 100))])
    const [series] = await store.series(run, { ...whole, stepMs: 60_000 })
    expect(series).toEqual({ node: 'gpu-001', stepMs: 60_000, samples: downsample(readings(0, 100), 60_000) })
  })

  test('are kept before anything else is known of their run', async () => {
    await store.addSamples([batch(readings(0, 3))])
    await store.maintain(noon + hourMs, forever)
    expect(await store.series(run, whole)).toEqual([{ node: 'gpu-001', samples: readings(0, 3) }])
    await store.apply([started()])
    await store.maintain(noon + hourMs, forever)
    expect(await store.series(run, whole)).toEqual([{ node: 'gpu-001', samples: readings(0, 3) }])
    expect((await store.figures()).waitingBatches).toBe(0)
  })

  test('of a run that never becomes known go after a day', async () => {
    await store.addSamples([batch(readings(0, 3))])
    await store.maintain(noon + 25 * hourMs, forever)
    expect(await store.figures()).toMatchObject({ sampleValues: 0, waitingBatches: 0 })
  })

  test('keep what is not known apart from zero', async () => {
    const samples = [{ at: noon, host: [Number.NaN, 0], gpus: [{ uuid: 'GPU-a', values: [0, Number.NaN, 250] }] }]
    await store.apply([started()])
    await store.addSamples([batch(samples)])
    await store.maintain(noon + hourMs, forever)
    expect(await store.series(run, whole)).toEqual([{ node: 'gpu-001', samples }])
  })

  test('are downsampled at their age, and whole steps only', async () => {
    await store.apply([started()])
    await store.addSamples([batch(readings(0, 1000))])
    // 100 s after a step of 300 s has begun.
    const now = noon + 1000 * stepMs
    await store.maintain(now, { ...forever, rawMs: hourMs })
    const [series] = await store.series(run, whole)
    expect(series?.stepMs).toBe(300_000)
    expect(rounded(series?.samples)).toEqual(rounded(downsample(readings(0, 1000), 300_000)))
    const [recent] = await store.series(run, { from: now - hourMs / 2, to: now })
    expect(recent?.stepMs).toBeUndefined()
    expect(recent?.samples).toEqual(readings(1000 - hourMs / 2 / stepMs, 1000))
  })

  test('go at their age', async () => {
    await store.apply([started()])
    await store.addSamples([batch(readings(0, 1000))])
    const now = noon + 10 * hourMs
    await store.maintain(now, { ...forever, rawMs: hourMs, samplesMs: 2 * hourMs })
    expect(await store.series(run, whole)).toEqual([])
    expect((await store.figures()).sampleValues).toBe(0)
  })

  test('that cannot be packed are refused, and those of others are kept', async () => {
    await store.apply([started()])
    const outcomes = await Promise.allSettled([
      store.addSamples([batch(readings(0, 1))]),
      store.addSamples([batch([{ at: 0.5, host: [], gpus: [] }])]),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(await store.series(run, whole)).toEqual([{ node: 'gpu-001', samples: readings(0, 1) }])
  })

  test('are the same whenever they come and whenever they are packed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat({ max: 900 }), { maxLength: 12 }),
        fc.nat({ max: 100 }),
        fc.infiniteStream(fc.boolean()),
        async (cuts, shift, coin) => {
          const key = { ...run, jobId: `${cuts.join('-')}/${shift}` }
          const job = { jobId: key.jobId }
          await store.apply([started(job)])
          const borders = [0, ...cuts.sort((a, b) => a - b), 900]
          const pieces = borders.slice(1).map((to, index) => readings(borders[index] ?? 0, to))
          // Every other piece comes late, and some come again.
          const order = [...pieces.filter((_, index) => index % 2), ...pieces.filter((_, index) => index % 2 === 0)]
          for (const samples of [...order, ...order.filter(() => coin.next().value)]) {
            await store.addSamples([{ run: key, node: 'n', samples }])
            if (coin.next().value) await store.maintain(noon + (100 * shift + 900) * stepMs, forever)
          }
          await store.apply([finished(job), recorded(job, { state: 'COMPLETED', endTime: noon + hourMs })])
          await store.maintain(noon + 100 * hourMs, forever)
          const [series] = await store.series(key, whole)
          expect(series?.samples).toEqual(readings(0, 900))
        },
      ),
      { numRuns: 15 },
    )
    expect((await store.figures()).waitingBatches).toBe(0)
  }, 120_000)
})
