import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type GpuJob, gpuHolders, jobMapping } from './gpu-holders.ts'

const job = (jobId: string, startedAt: number, uuids: readonly string[], goneAt?: number): GpuJob => ({
  identity: { jobId },
  startedAt,
  gpus: uuids.map((uuid) => ({ uuid, vendor: 'nvidia' })),
  ...(goneAt !== undefined && { goneAt }),
})

describe('who has a GPU', () => {
  it('is each job that was given it, the first that began first', () => {
    expect([...gpuHolders([job('8', 20, ['GPU-a']), job('7', 10, ['GPU-a', 'GPU-b'])], 100)]).toEqual([
      ['GPU-a', ['7', '8']],
      ['GPU-b', ['7']],
    ])
  })

  it('is a job also while nothing of it runs: it holds the GPU until its end', () => {
    expect(gpuHolders([job('7', 10, ['GPU-a'], 20)], 3_600_000).get('GPU-a')).toEqual(['7'])
  })

  it('is no more a job that is gone when another one has come', () => {
    const jobs = [job('7', 10, ['GPU-a'], 1000), job('8', 2000, ['GPU-a'])]
    expect(gpuHolders(jobs, 60_999).get('GPU-a')).toEqual(['7', '8'])
    expect(gpuHolders(jobs, 61_000).get('GPU-a')).toEqual(['8'])
  })

  it('is somebody as long as any job was given it', () => {
    const some = fc.array(
      fc.record({ id: fc.nat(3), at: fc.nat(1000), gone: fc.option(fc.nat(1000), { nil: undefined }), gpu: fc.nat(2) }),
    )
    fc.assert(
      fc.property(some, fc.nat(200_000), (all, now) => {
        const jobs = all.map(({ id, at, gone, gpu }) => job(String(id), at, [`GPU-${gpu}`], gone))
        const holders = gpuHolders(jobs, now)
        for (const { gpus, identity } of jobs) {
          const ids = holders.get(gpus[0]?.uuid ?? '') ?? []
          expect(ids.length).toBeGreaterThan(0)
          expect(new Set(ids).size).toBe(ids.length)
          if (jobs.length === 1) expect(ids).toEqual([identity.jobId])
        }
      }),
    )
  })
})

describe('the files for dcgm-exporter', () => {
  const gpus = [
    { index: 0, uuid: 'GPU-a' },
    { index: 3, uuid: 'GPU-b', migInstances: [{ id: 7, uuids: ['MIG-x', 'MIG-y'] }] },
    { index: 4, uuid: 'GPU-c', vendor: 'amd' as const },
    { uuid: 'GPU-d', lost: true },
  ]

  it("are named by a GPU's index, or by index and GPU instance", () => {
    const holders = new Map([
      ...['GPU-a', 'GPU-c', 'GPU-d', 'GPU-elsewhere'].map((uuid): [string, string[]] => [uuid, ['7']]),
      ...['MIG-x', 'MIG-y'].map((uuid): [string, string[]] => [uuid, ['8']]),
    ])
    expect(jobMapping(holders, gpus)).toEqual(
      new Map([
        ['0', ['7']],
        ['3.7', ['8']],
      ]),
    )
  })

  it('are none for a GPU without a job', () => {
    expect(jobMapping(new Map(), gpus)).toEqual(new Map())
  })
})
