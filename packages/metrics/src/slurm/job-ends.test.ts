import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptySnapshot, job, noon, valuesOf } from '../../test/slurm-snapshots.ts'
import { endMetrics, foldEnds, type JobEnds } from './job-ends.ts'

const at = (ms: number) => `EndTime=${new Date(ms).toISOString().slice(0, 19)}`
const look = (ends: JobEnds | undefined, takenAt: number, finished: ReturnType<typeof job>[]) =>
  foldEnds(ends, { ...emptySnapshot(), takenAt, finished })
const minute = 60_000

describe('ends of jobs', () => {
  it('begin at 0 in every state that a job can end in, whatever was over at the first look', () => {
    const over = [job(1, 'COMPLETED', at(noon - minute))]
    const ends = look(look(undefined, noon, over), noon + minute, over)
    const states = ['completed', 'failed', 'cancelled', 'timeout', 'node_fail', 'out_of_memory', 'preempted']
    expect(valuesOf(endMetrics(ends, ['gpu'], noon + minute), 'slurm_jobs_ended_total')).toEqual(
      Object.fromEntries([...states, 'deadline', 'boot_fail'].map((state) => [`gpu ${state}`, 0])),
    )
  })

  it("count what ends, whatever slurmctld's clock says and however it is set", () => {
    const hour = 60 * minute
    const completed = (endedAt: number) => {
      const ends = look(look(undefined, noon, []), noon + 6 * minute, [job(1, 'COMPLETED', at(endedAt))])
      const metrics = endMetrics(ends, ['gpu'], noon + 6 * minute)
      return [
        valuesOf(metrics, 'slurm_jobs_ended_total')?.['gpu completed'],
        valuesOf(metrics, 'slurm_partition_jobs_completed_per_hour')?.['gpu'],
      ]
    }
    for (const skew of [-24 * hour, -2 * hour, 0, 2 * hour]) expect(completed(noon + skew)).toEqual([1, 10])
  })

  it('keep their pace where the clock of this machine is set back', () => {
    let ends = look(undefined, noon, [])
    ends = look(ends, noon + 30 * minute, [job(1, 'COMPLETED', at(noon + 29 * minute))])
    const pace = (now: number) => valuesOf(endMetrics(ends, ['gpu'], now), 'slurm_partition_jobs_completed_per_hour')
    expect(pace(noon + 30 * minute)).toEqual({ gpu: 2 })
    ends = look(ends, noon - 600 * minute, [])
    expect(pace(noon - 600 * minute)).toEqual({ gpu: 2 })
    ends = look(ends, noon - 530 * minute, [])
    expect(pace(noon - 530 * minute)).toEqual({ gpu: 0 })
  })

  it('count each run once, a requeued one again, and every task of a cancelled array', () => {
    let ends = look(undefined, noon, [])
    const runs = [
      job(1, 'COMPLETED', at(noon + 1000)),
      job(2, 'FAILED', `${at(noon + 1000)} Restarts=0`),
      job(3, 'CANCELLED', `${at(noon + 1000)} ArrayJobId=3 ArrayTaskId=1-10`),
    ]
    ends = look(ends, noon + 15_000, runs)
    ends = look(ends, noon + 30_000, [...runs, job(2, 'FAILED', `${at(noon + 20_000)} Restarts=1`)])
    expect(valuesOf(endMetrics(ends, ['gpu', 'cpu'], noon + 30_000), 'slurm_jobs_ended_total')).toMatchObject({
      'gpu completed': 1,
      'gpu failed': 2,
      'gpu cancelled': 10,
      'cpu completed': 0,
    })
  })

  it('make a pace per hour, of an hour at most, and none in the first five minutes', () => {
    let ends = look(undefined, noon, [])
    const pace = (now: number) =>
      valuesOf(endMetrics(ends, ['gpu', 'cpu'], now), 'slurm_partition_jobs_completed_per_hour')
    ends = look(ends, noon + 4 * minute, [job(1, 'COMPLETED', at(noon + minute))])
    expect(pace(noon + 4 * minute)).toBeUndefined()
    ends = look(ends, noon + 30 * minute, [
      job(2, 'COMPLETED', at(noon + 29 * minute)),
      job(3, 'FAILED', at(noon + 29 * minute)),
    ])
    expect(pace(noon + 30 * minute)).toEqual({ gpu: 4, cpu: 0 })
    ends = look(ends, noon + 80 * minute, [])
    expect(pace(noon + 80 * minute)).toEqual({ gpu: 1, cpu: 0 })
  })

  it('never go back, whatever looks show', () => {
    const finished = fc.array(fc.tuple(fc.nat(20), fc.constantFrom('COMPLETED', 'FAILED'), fc.nat(600)), {
      maxLength: 10,
    })
    fc.assert(
      fc.property(fc.array(finished, { maxLength: 8 }), (looks) => {
        let ends: JobEnds | undefined
        let before = 0
        for (const [index, jobs] of looks.entries()) {
          const records = jobs.map(([id, state, second]) => job(id + 1, state, at(noon + second * 1000)))
          ends = look(ends, noon + index * 15_000, records)
          const sum = [...ends.totals.values()].reduce((total, one) => total + one.jobs, 0)
          expect(sum).toBeGreaterThanOrEqual(before)
          before = sum
        }
      }),
    )
  })
})
