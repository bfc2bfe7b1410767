import { createManualClock } from '@navarch/system/manual-clock'
import { expect, test } from 'vitest'
import { memoryFleet, nodeDocument } from '../../test/memory-fleet.ts'
import { poolSpec } from '../../test/world.ts'
import { createNamesFor } from './names-for.ts'
import { viewPool } from './pool-view.ts'

const hostNames = ['rack-1', 'rack-2', 'rack-3']

async function rack() {
  const { now } = createManualClock()
  const { fleet } = await memoryFleet(now)
  const pool = { ...poolSpec(), provider: 'rack' }
  const names = (count: number) => {
    const input = { fleet, pool, pools: [pool], slurm: undefined, hostNames, now: now() }
    return createNamesFor(fleet, viewPool(input), input)(count, []).chosen.map(({ name }) => name)
  }
  const use = (node: string, host: string, provider = 'rack') =>
    fleet.commit([
      { kind: 'node', node: { ...nodeDocument(node), machine: { id: `${host}#t1`, provider, token: `t-${node}` } } },
    ])
  return { fleet, names, use }
}

test('machines that have names become nodes of these names, in their order', async () => {
  const { names, use } = await rack()
  expect(names(2)).toEqual(['rack-1', 'rack-2'])
  await use('rack-1', 'rack-1')
  expect(names(3)).toEqual(['rack-2', 'rack-3', 'train-001'])
})

test('the name of a machine that serves as another node is not given to a third one', async () => {
  const { names, use } = await rack()
  await use('rack-1', 'rack-2')
  expect(names(1)).toEqual(['rack-3'])
})

test('what another provider calls its machines says nothing of these', async () => {
  const { names, use } = await rack()
  await use('other', 'rack-1', 'cloud')
  expect(names(1)).toEqual(['rack-1'])
})

test('a faulty machine, which is not handed out again, names no node', async () => {
  const { fleet, names } = await rack()
  await fleet.commit([{ kind: 'pool', memory: { pool: 'train', quarantine: ['rack-1#t1'] } }])
  expect(names(1)).toEqual(['rack-2'])
})
