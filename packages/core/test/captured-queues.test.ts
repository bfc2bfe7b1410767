import { readFileSync } from 'node:fs'
import { parseJobs } from '@navarch/slurm/job-record'
import { parseNodes } from '@navarch/slurm/node-record'
import { parsePartitions } from '@navarch/slurm/partition-record'
import { expect, test } from 'vitest'
import { countDemand } from '../src/demand/count-demand.ts'
import { freeNames } from '../src/pool/choose-name.ts'
import { choosePartition } from '../src/pool/partition.ts'

/**
 * The same jobs and nodes, as five versions of Slurm show them: packages/slurm/fixtures.
 * A capture is the command's line after "$", its output, and its status after "#".
 */
const read = (version: string, name: string) =>
  readFileSync(new URL(`../../slurm/fixtures/${version}/${name}.txt`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => !/^[$#] /.test(line))
    .join('\n')

const look = (version: string) => ({
  jobs: parseJobs(read(version, 'show-jobs')),
  nodes: parseNodes(read(version, 'show-nodes-future')),
  partitions: parsePartitions(read(version, 'show-partitions')),
})

const versions = ['22.05', '23.11', '24.11', '25.11', '26.05']

test.each(versions)('Slurm %s: the job given to powered-down CLOUD names asks for those names', (version) => {
  const { jobs, nodes } = look(version)
  const demand = countDemand({
    jobs,
    nodes,
    partition: 'cloud',
    poolPartitions: ['cloud'],
    coming: new Set(),
    maxNodes: 10,
    now: 0,
  })
  expect(demand.names).toEqual(['cloud-001', 'cloud-002'])
  expect(demand.runningNodes).toBe(2)
})

test.each(versions)('Slurm %s: the free names of a partition are found, a person’s are left', (version) => {
  const { nodes, partitions } = look(version)
  const free = (name: string) => {
    const choice = choosePartition({ name, labels: {} }, partitions)
    if (choice.kind === 'none') throw new Error(choice.message)
    return freeNames({ partition: choice.partition, nodes }, new Set(), ['cloud-001']).map((one) => one.name)
  }
  expect(free('gpu')).toEqual([])
  // gone1 never had a host; a person has set gone2 to FAIL and drained the rack.
  expect(free('maint')).toEqual(['gone1'])
  expect(free('cloud')).toContain('cloud-001')
  expect(free('cloud')).toContain('cloud-003')
})

test.each(versions)('Slurm %s: no reason is unknown; holds, limits and dependencies do not count', (version) => {
  const { jobs, nodes } = look(version)
  const demand = countDemand({
    jobs,
    nodes,
    partition: 'gpu',
    poolPartitions: ['gpu'],
    coming: new Set(),
    dynamicNames: true,
    maxNodes: 10,
    now: 0,
  })
  const copies = (name: string) => demand.jobs.find((one) => one.name === name)?.copies
  expect(demand.unknownReasons).toEqual({})
  expect(['dep', 'held', 'later', 'qoslimit', 'qostime'].map(copies)).toEqual([0, 0, 0, 0, 0])
  expect(copies('bignode')).toBe(1)
})
