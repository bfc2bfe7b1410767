import { expect, test } from 'vitest'
import { slurmJob } from '../../../test/slurm-snapshot.ts'
import { indexJobs, noJobs } from './job-index.ts'

const running = (id: number, nodes: string) => slurmJob(id, 'RUNNING', { NodeList: nodes })

test('jobs are under each node that they hold, in their order; those that wait hold none', () => {
  const { byNode } = indexJobs([running(1, 'n[1-2]'), running(2, 'n2'), slurmJob(3, 'PENDING')], noJobs)
  expect([...byNode].map(([name, jobs]) => [name, jobs.map(({ id }) => id)])).toEqual([
    ['n1', [1]],
    ['n2', [1, 2]],
  ])
})

test('a hostlist that the look before had is not expanded again, and one that is gone is forgotten', () => {
  const first = indexJobs([running(1, 'n[1-2]'), running(2, 'n3')], noJobs)
  const second = indexJobs([running(1, 'n[1-2]'), running(4, 'n[1-2]')], first)
  expect(second.names.get('n[1-2]')).toBe(first.names.get('n[1-2]'))
  expect([...second.names.keys()]).toEqual(['n[1-2]'])
  expect(second.byNode.get('n2')?.map(({ id }) => id)).toEqual([1, 4])
})
