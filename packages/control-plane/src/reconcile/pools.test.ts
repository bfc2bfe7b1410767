import type { Provider } from '@navarch/providers/provider'
import { createStaticProvider } from '@navarch/providers/static/static-provider'
import { silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { memoryFleet } from '../../test/memory-fleet.ts'
import { poolSpec } from '../../test/world.ts'
import { createProviderGate } from '../operations/provider-gate.ts'
import { createPools } from './pools.ts'

async function threePools(metrics: (pool: string) => Promise<undefined>, provider?: Provider) {
  const clock = createManualClock()
  const { fleet } = await memoryFleet(clock.now)
  const started: string[] = []
  const pools = createPools({
    fleet,
    engine: {
      async start({ pool, node }) {
        started.push(`${pool} ${node}`)
        throw new Error('no provider here')
      },
      withdraw: async () => {},
    },
    config: { pools: ['a', 'b', 'c'].map((name) => ({ ...poolSpec(), name })) },
    slurm: undefined,
    provider: () => provider,
    gate: createProviderGate(() => 0.5),
    clock,
    log: silentLog,
    metrics: ({ name }) => metrics(name),
  })
  return { pools, started }
}

describe('a round over the pools', () => {
  it('asks all metrics sources at once, and acts on each pool whatever became of the others', async () => {
    const asked: string[] = []
    let answer = () => {}
    const late = new Promise<undefined>((resolve) => {
      answer = () => resolve(undefined)
    })
    const { pools, started } = await threePools((pool) => {
      asked.push(pool)
      return late
    })
    const round = pools.reconcile()
    await Promise.resolve()
    await Promise.resolve()
    expect(asked).toEqual(['a', 'b', 'c'])
    answer()
    await round
    expect(started).toEqual(['a a-001', 'b b-001', 'c c-001'])
  })

  it('makes nodes of the names that machines of a rack have', async () => {
    const hosts = [{ address: '10.0.0.11', name: 'gpu-node-001' }, { address: '10.0.0.12' }]
    const rack = createStaticProvider({ name: 'rack', hosts, claimsPath: '/none', clock: createManualClock() })
    const { pools, started } = await threePools(async () => undefined, rack)
    await pools.reconcile()
    expect(started[0]).toBe('a gpu-node-001')
  })

  it('has read anew what is known from elsewhere', async () => {
    const { pools } = await threePools(async () => undefined)
    const before = pools.readings()
    await pools.reconcile()
    expect(pools.readings()).toBeGreaterThan(before)
  })

  it('that is asked for during one follows it, once', async () => {
    let rounds = 0
    const { pools } = await threePools(async (pool) => {
      if (pool === 'a') rounds++
      return undefined
    })
    const first = pools.reconcile()
    await pools.reconcile()
    await pools.reconcile()
    await first
    expect(rounds).toBe(2)
  })
})
