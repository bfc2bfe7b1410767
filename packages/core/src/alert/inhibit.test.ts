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
