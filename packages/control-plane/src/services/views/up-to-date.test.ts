import { expect, test } from 'vitest'
import { memoryFleet } from '../../../test/memory-fleet.ts'
import { slurmJob, slurmRecord, snapshotOf } from '../../../test/slurm-snapshot.ts'
import { createFleetRows } from './fleet-rows.ts'
import { bringUpToDate } from './up-to-date.ts'

async function open(nodes: number) {
  const { fleet } = await memoryFleet(() => 0)
  const names = Array.from({ length: nodes }, (_, index) => `n${index}`)
  const look = (state: string) =>
    snapshotOf(
      0,
      names.map((name) => slurmRecord(name, state)),
      [slurmJob(7, 'RUNNING', { NodeList: 'n[0-1]' })],
    )
  const slurm = { state: 'fresh' as const, snapshot: look('IDLE') }
  return { rows: createFleetRows({ fleet, slurm: () => slurm, silentAfterMs: 90_000, now: () => 0 }), slurm, look }
}

test('rows of a large fleet are renewed a piece at a time, and others run in between', async () => {
  const { rows } = await open(1_201)
  const seen: number[] = []
  await bringUpToDate(rows, async () => void seen.push(rows.rows().size))
  expect(seen).toEqual([0, 500, 1_000])
  expect(rows.rows().size).toBe(1_201)
})

test('what is marked again and again meanwhile keeps nobody waiting', async () => {
  const { rows } = await open(600)
  let turns = 0
  await bringUpToDate(rows, async () => {
    turns++
    for (let index = 0; index < 600; index++) rows.mark(`n${index}`)
  })
  expect(turns).toBeLessThan(5)
  expect(rows.rows().size).toBe(600)
})

test('a look that says nothing new marks nothing', async () => {
  const { rows, slurm, look } = await open(10)
  await bringUpToDate(rows, async () => {})
  const revision = rows.revision()
  slurm.snapshot = look('IDLE')
  expect(rows.renew()).toBe(0)
  expect(rows.revision()).toBe(revision)
  slurm.snapshot = look('DOWN')
  expect(rows.renew()).toBe(0)
  expect(rows.revision()).toBe(revision + 1)
})

test('a look at a large fleet is compared a piece at a time, and the next one finds nothing lost', async () => {
  const { rows, slurm, look } = await open(5_000)
  await bringUpToDate(rows, async () => {})
  slurm.snapshot = look('DOWN')
  expect(rows.renew(500)).toBeGreaterThan(0)
  slurm.snapshot = look('DOWN')
  let turns = 0
  await bringUpToDate(rows, async () => void turns++)
  expect(turns).toBeGreaterThan(10)
  expect([...rows.rows().values()].every(({ json }) => json.state === 'down')).toBe(true)
})

test('the jobs of a node are those of the look that its row is made of', async () => {
  const { rows } = await open(3)
  rows.renew()
  expect(['n0', 'n2'].map((name) => rows.jobsOn(name).map(({ id }) => id))).toEqual([[7], []])
})
