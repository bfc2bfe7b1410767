import { ProviderError } from '@navarch/providers/provider'
import { parseNodes } from '@navarch/slurm/node-record'
import { describe, expect, it } from 'vitest'
import { poolSpec } from '../../test/world.ts'
import { type ConditionInput, poolConditions } from './pool-conditions.ts'
import type { PoolView } from './pool-view.ts'

const quiet = { failures: 0, notBefore: 0 }

function view(change: Partial<PoolView> = {}): PoolView {
  return {
    pool: poolSpec(),
    partition: undefined,
    slurmProblem: undefined,
    members: [],
    demand: undefined,
    answer: undefined,
    decision: { from: 0, wanted: 0, to: 0, actions: [], reason: '' },
    names: undefined,
    records: undefined,
    dataAgeMs: undefined,
    ...change,
  }
}

function condition(type: string, input: Partial<ConditionInput>) {
  return poolConditions({ view: view(), provider: quiet, now: 0, ...input }).find((one) => one.type === type)
}

const cloudNode = parseNodes(
  'NodeName=gpu-1 CPUAlloc=0 CPUTot=8 CoresPerSocket=8 NodeAddr=gpu-1 NodeHostName=gpu-1 RealMemory=1000 AllocMem=0 ' +
    'Sockets=1 Boards=1 State=IDLE+CLOUD+POWERED_DOWN ThreadsPerCore=1 TmpDisk=0 Weight=1 Partitions=gpu\n',
)

describe("a pool's conditions", () => {
  it('tell how a provider fails, what to do, and when it is tried again', () => {
    const error = new ProviderError('unauthorized', 'LAMBDA_API_KEY is not set', { remedy: 'Set LAMBDA_API_KEY.' })
    expect(condition('ProviderReady', { provider: { failures: 2, error, notBefore: 12_400 } })).toEqual({
      type: 'ProviderReady',
      status: 'false',
      reason: 'Unauthorized',
      message: 'LAMBDA_API_KEY is not set. Set LAMBDA_API_KEY. (failed 2 times in a row, next try in 12 s)',
    })
  })

  it('do not call a provider ready that nobody has tried', () => {
    expect(condition('ProviderReady', {})).toMatchObject({ status: 'unknown', reason: 'NotTried' })
  })

  it('tell which partitions there are when the pool has none', () => {
    const missing = { kind: 'none', message: 'no partition is named "train"; partitions here: gpu, cpu' } as const
    const found = condition('SlurmReady', { view: view({ partition: missing, slurmProblem: missing.message }) })
    expect(found).toMatchObject({ status: 'false', reason: 'PartitionNotFound', message: missing.message })
  })

  it('warn of a ResumeTimeout that is shorter than the boot of a machine with a CLOUD name', () => {
    const limits = { resumeTimeoutSeconds: 60, bootDeadlineMs: 900_000 }
    expect(condition('ResumeTimeoutShort', { view: view({ records: cloudNode }), ...limits })).toMatchObject({
      status: 'true',
      message: expect.stringContaining('set ResumeTimeout=900 or more'),
    })
    expect(condition('ResumeTimeoutShort', { view: view({ records: [] }), ...limits })).toBeUndefined()
    const enough = { view: view({ records: cloudNode }), ...limits, resumeTimeoutSeconds: 900 }
    expect(condition('ResumeTimeoutShort', enough)).toBeUndefined()
  })

  it('tell what holds a size back, and what is not active yet', () => {
    const decision = { ...view().decision, blocked: 'at-max', blockedReason: 'max_nodes is 4' } as const
    expect(condition('Held', { view: view({ decision }) })).toMatchObject({
      reason: 'AtMax',
      message: 'max_nodes is 4',
    })
    const pool = { ...poolSpec(), inactive: ['strategy'] }
    expect(condition('Inactive', { view: view({ pool }) })?.message).toBe('accepted, not active yet: strategy')
  })

  it('tell that a metrics source gives nothing', () => {
    expect(condition('MetricsReady', { metricsProblem: 'http://x: fetch failed' })).toMatchObject({ status: 'false' })
    expect(condition('MetricsReady', {})).toBeUndefined()
  })
})
