import type { Readings } from '@navarch/core/alert/alert'
import type { AlertRule } from '@navarch/core/alert/alert-rule'
import { type AlertsSpec, defaultAlerts } from '@navarch/core/alert/alerts-spec'
import { expect, it } from 'vitest'
import { storeOver } from '../store/sql/fleet-store.ts'
import { openDatabase } from '../store/sqlite/database.ts'
import { createAlertJudge } from './alert-judge.ts'
import { openAlertLedger } from './alert-state.ts'

const rule = (name: string, change: Partial<AlertRule> = {}): AlertRule => ({
  ...{ id: name, name, metric: 'own_problems', condition: 'gt', threshold: 0, forMs: 0, resolveAfterMs: 0, labels: {} },
  ...{ severity: 'warning', meaning: '', action: '', inhibitedBy: [], enabled: true, source: 'config' },
  ...change,
})

/** A judge over a database in memory that can be full, with a clock that takes `tickMs` for each look at it. */
async function createBench(rules: readonly AlertRule[], { tickMs = 0 } = {}) {
  const database = openDatabase(':memory:')
  const disk = { full: false, statements: [] as string[], onCommit: () => {} }
  const { alerts: store } = storeOver(':memory:', {
    async commit(statements) {
      disk.onCommit()
      const [error] = disk.full ? ['the disk is full'] : database.commit([statements])
      if (error !== undefined) throw new Error(error)
      disk.statements.push(...statements.map(({ sql }) => sql))
    },
    query: async (statement) => database.query(statement),
    close: async () => database.close(),
  })
  let now = Date.UTC(2026, 0, 1)
  const clock = () => {
    now += tickMs
    return now
  }
  const ledger = await openAlertLedger(store, clock)
  const world = {
    readings: { values: [{ key: '', labels: {}, value: 1 }] } as Readings,
    breaths: 0,
    onBreath: () => {},
  }
  let ids = 0
  const spec: AlertsSpec = { ...defaultAlerts, defaults: false, rules }
  const judge = createAlertJudge({
    ...{ spec, ledger, operationOf: () => undefined, proposalOf: () => undefined, newId: () => `a${++ids}` },
    sources: { gather: () => () => world.readings },
    async breathe() {
      world.breaths += 1
      world.onBreath()
    },
    now: clock,
  })
  return {
    ...{ judge, ledger, disk, world },
    pass: (ms: number) => {
      now += ms
    },
  }
}

it('knows nothing of a round that could not be stored', async () => {
  const { judge, ledger, disk, world } = await createBench([rule('Cause'), rule('Effect', { inhibitedBy: ['Cause'] })])
  disk.full = true
  world.readings = { values: [{ key: '', labels: {}, value: 1 }], problem: 'some are missing' }
  await expect(judge.judge()).rejects.toThrow('the disk is full')
  expect([ledger.state().open.size, judge.problems().size, judge.muting().inhibited.size]).toEqual([0, 0, 0])
  disk.full = false
  await judge.judge()
  expect([ledger.state().open.size, judge.problems().size, judge.muting().inhibited.size]).toEqual([2, 2, 1])
  expect(judge.heard().map((alert) => alert.rule)).toEqual(['Cause'])
})

it('removes old history in the next round where it could not in this one', async () => {
  const { judge, disk } = await createBench([rule('Any')])
  const removals = () => disk.statements.filter((sql) => sql.startsWith('DELETE FROM alert_event')).length
  disk.full = true
  await expect(judge.judge()).rejects.toThrow()
  disk.full = false
  await judge.judge()
  expect(removals()).toBe(1)
  await judge.judge()
  expect(removals()).toBe(1)
})

it('lets others have the processor while it judges what takes long, and loses nothing that they change', async () => {
  const { judge, ledger, world } = await createBench([rule('Any')], { tickMs: 10 })
  await judge.judge()
  const [alert] = ledger.state().open.values()
  if (!alert) throw new Error('nothing fires')
  let acknowledged: Promise<void> | undefined
  world.onBreath = () => {
    acknowledged ??= ledger.change(({ open }) => ({
      changes: [...open.values()].map((each) => ({
        kind: 'alert',
        alert: { ...each, acknowledged: { by: 'ana', at: 0, note: '' } },
      })),
      result: undefined,
    }))
  }
  world.breaths = 0
  const many = Array.from({ length: 10_000 }, (_, index) => ({ key: `n${index}`, labels: {}, value: 1 }))
  world.readings = { values: [{ key: '', labels: {}, value: 1 }, ...many] }
  await judge.judge()
  await acknowledged
  expect(world.breaths).toBeGreaterThanOrEqual(5)
  const { open } = ledger.state()
  expect(open.size).toBe(10_001)
  expect([...open.values()].every((each) => each.acknowledged?.by === 'ana')).toBe(true)
})

it('counts as its work neither the time of others nor that of the disk', async () => {
  const { judge, disk, world, pass } = await createBench([rule('Any')], { tickMs: 10 })
  world.onBreath = () => pass(60_000)
  disk.onCommit = () => pass(60_000)
  await judge.judge()
  expect(judge.tookMs()).toBeGreaterThanOrEqual(10)
  expect(judge.tookMs()).toBeLessThan(1_000)
})

it('takes no breath where nothing takes long', async () => {
  const { judge, world } = await createBench([rule('Any')])
  await judge.judge()
  expect(world.breaths).toBe(0)
})

it('puts its rules together anew when one was made, and not for each alert', async () => {
  const { judge, ledger } = await createBench([rule('Any')])
  const before = judge.rules()
  await judge.judge()
  expect(judge.rules()).toBe(before)
  expect(judge.rule('Any')).toBe(before[0])
  const change = { kind: 'alert-rule', rule: rule('Mine', { source: 'api' }) } as const
  await ledger.change(() => ({ changes: [change], result: undefined }))
  expect(judge.rules().map(({ name }) => name)).toEqual(['Any', 'Mine'])
  expect(judge.rule('Mine')).toEqual(change.rule)
})
