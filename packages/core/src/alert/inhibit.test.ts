import fc from 'fast-check'
import { expect, it } from 'vitest'
import { inhibitedBy } from './inhibit.ts'
import { alertOf } from './test-alerts.ts'

const rules = [
  { name: 'Hot', inhibitedBy: ['Silent'] },
  { name: 'Down', inhibitedBy: ['Silent', 'SlurmDown'] },
  { name: 'Silent', inhibitedBy: ['Silent'] },
  { name: 'SlurmDown', inhibitedBy: [] },
]
const of = (id: string, rule: string, labels: Record<string, string>) => alertOf({ id, rule, labels })

it('a node that is silent explains what else is wrong with it, and nothing of other nodes', () => {
  const firing = [
    of('silent', 'Silent', { node: 'n1', pool: 'train' }),
    of('hot', 'Hot', { node: 'n1', gpu: '3', pool: 'train' }),
    of('other', 'Hot', { node: 'n2', gpu: '3', pool: 'train' }),
  ]
  expect([...inhibitedBy(firing, rules)]).toEqual([['hot', 'silent']])
})

it('what is wrong with the cluster explains all of it', () => {
  const firing = [of('slurm', 'SlurmDown', {}), of('n1', 'Down', { node: 'n1' }), of('n2', 'Down', { node: 'n2' })]
  expect([...inhibitedBy(firing, rules)]).toEqual([
    ['n1', 'slurm'],
    ['n2', 'slurm'],
  ])
})

it('what is wrong with a pool explains its nodes alone', () => {
  const poolRules = [{ name: 'Hot', inhibitedBy: ['PoolHot'] }]
  const firing = [
    of('pool', 'PoolHot', { pool: 'train' }),
    of('n1', 'Hot', { node: 'n1', pool: 'train' }),
    of('n2', 'Hot', { node: 'n2', pool: 'dev' }),
  ]
  expect([...inhibitedBy(firing, poolRules)]).toEqual([['n1', 'pool']])
})

it('nothing explains itself', () => {
  expect(inhibitedBy([of('a', 'Silent', { node: 'n1' })], rules).size).toBe(0)
})

it('of alerts that explain each other in a circle the oldest is heard, and explains the others', () => {
  const circle = [
    { name: 'A', inhibitedBy: ['B'] },
    { name: 'B', inhibitedBy: ['C'] },
    { name: 'C', inhibitedBy: ['A'] },
  ]
  const firing = [
    alertOf({ id: 'a', rule: 'A', labels: { node: 'n1' }, startedAt: 3 }),
    alertOf({ id: 'b', rule: 'B', labels: { node: 'n1' }, startedAt: 1 }),
    alertOf({ id: 'c', rule: 'C', labels: { node: 'n1' }, startedAt: 2 }),
  ]
  expect(new Map(inhibitedBy(firing, circle))).toEqual(
    new Map([
      ['a', 'b'],
      ['c', 'a'],
    ]),
  )
})

it('an alert in a circle that one outside of it explains is explained by that one', () => {
  const circle = [
    { name: 'A', inhibitedBy: ['B', 'Out'] },
    { name: 'B', inhibitedBy: ['A'] },
  ]
  const firing = [
    alertOf({ id: 'a', rule: 'A', labels: { node: 'n1' }, startedAt: 1 }),
    alertOf({ id: 'b', rule: 'B', labels: { node: 'n1' }, startedAt: 2 }),
    alertOf({ id: 'out', rule: 'Out', labels: {}, startedAt: 3 }),
  ]
  expect(new Map(inhibitedBy(firing, circle))).toEqual(
    new Map([
      ['a', 'out'],
      ['b', 'a'],
    ]),
  )
})

it('of any rules, whatever they name, each alert that is explained leads to one that is heard', () => {
  const names = ['A', 'B', 'C', 'D', 'E']
  fc.assert(
    fc.property(
      fc.array(fc.subarray(names), { minLength: 5, maxLength: 5 }),
      fc.array(fc.record({ rule: fc.constantFrom(...names), node: fc.constantFrom('n1', 'n2', ''), at: fc.nat(3) })),
      (causes, seen) => {
        const firing = seen.map(({ rule, node, at }, index) =>
          alertOf({ id: `a${index}`, rule, labels: node === '' ? {} : { node }, startedAt: at }),
        )
        const found = inhibitedBy(
          firing,
          names.map((name, index) => ({ name, inhibitedBy: causes[index] ?? [] })),
        )
        for (const id of found.keys()) {
          const way = new Set<string>()
          for (let at: string | undefined = id; at !== undefined; at = found.get(at)) {
            expect(way.has(at)).toBe(false)
            way.add(at)
          }
        }
      },
    ),
  )
})
