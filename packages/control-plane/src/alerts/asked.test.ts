import type { Readings } from '@navarch/core/alert/alert'
import { expect, it } from 'vitest'
import { createAsked } from './asked.ts'

const full: Readings = { values: [{ key: '/data', labels: { path: '/data' }, value: 91 }] }

function bench(ask: () => Promise<Readings>) {
  const world = { now: 0, wanted: true, asked: 0 }
  const asked = createAsked({
    ask: () => {
      world.asked += 1
      return ask()
    },
    wanted: () => world.wanted,
    staleAfterMs: 60_000,
    now: () => world.now,
  })
  return { world, asked }
}

it('an answer is taken as it was last given, while the next one is waited for', async () => {
  const answers = [Promise.resolve(full), new Promise<Readings>(() => {})]
  const { asked } = bench(() => answers.shift() ?? Promise.reject(new Error('asked too often')))
  expect(asked.last()).toEqual({ values: [], problem: 'there is no answer yet' })
  await asked.look()
  void asked.look()
  expect(asked.last()).toBe(full)
})

it('an answer that is too old is unknown, not what it was', async () => {
  const { world, asked } = bench(async () => full)
  await asked.look()
  world.now = 60_000
  expect(asked.last()).toBe(full)
  world.now = 60_001
  expect(asked.last()).toEqual({ values: [], problem: 'the last answer is too old' })
})

it('what fails is unknown, with its reason', async () => {
  const { asked } = bench(() => Promise.reject(new Error('the database is away')))
  await asked.look()
  expect(asked.last()).toEqual({ values: [], problem: 'the database is away' })
})

it('nothing is asked that nobody wants to know', async () => {
  const { world, asked } = bench(async () => full)
  world.wanted = false
  await asked.look()
  expect(world.asked).toBe(0)
})
