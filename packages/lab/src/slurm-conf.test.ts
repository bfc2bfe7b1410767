import { describe, expect, test } from 'vitest'
import {
  type NodeMode,
  type NodeShape,
  nodeNames,
  writeCgroupConf,
  writeGresConf,
  writeSlurmConf,
} from './slurm-conf.ts'

const nodes: NodeShape = { prefix: 'gpu-node-', count: 8, cpus: 96, memoryMb: 1_000_000, gpus: 8 }

function conf(mode: NodeMode, extra: string[] = []): string[] {
  const head = { name: 'slurm-head', address: '10.213.0.10' }
  return writeSlurmConf({ clusterName: 'lab', head, mode, nodes, partition: 'gpu', extra }).split('\n')
}

describe('slurm.conf', () => {
  const line = 'NodeName=gpu-node-[001-008] CPUs=96 RealMemory=1000000 Gres=gpu:h100:8'

  test.each([
    ['future', `${line} State=FUTURE`],
    ['cloud', `${line} State=CLOUD`],
    ['static', line],
  ] as const)('names the nodes of a %s cluster and gives them to the partition', (mode, expected) => {
    expect(conf(mode)).toContain(expected)
    expect(conf(mode)).toContain('PartitionName=gpu Nodes=gpu-node-[001-008] Default=YES MaxTime=INFINITE State=UP')
  })

  test('of a dynamic cluster names no node and says how many may come', () => {
    expect(conf('dynamic').some((text) => text.startsWith('NodeName='))).toBe(false)
    expect(conf('dynamic')).toContain('MaxNodeCount=8')
    expect(conf('dynamic')).toContain('PartitionName=gpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP')
  })

  test("names the head with its address, and ends with the caller's lines", () => {
    expect(conf('future')).toContain('SlurmctldHost=slurm-head(10.213.0.10)')
    expect(conf('future', ['PrivateData=cloud']).slice(-2)).toEqual(['PrivateData=cloud', ''])
  })

  test("takes a key from the caller's lines alone, and adds their nodes and partitions to its own", () => {
    const lines = conf('static', ['slurmduser=root', 'SLURMUSER=root', 'PartitionName=all Nodes=ALL'])
    expect(lines.filter((text) => /^slurmuser=/i.test(text))).toEqual(['SLURMUSER=root'])
    expect(lines.filter((text) => text.startsWith('PartitionName=')).length).toBe(2)
  })
})

describe('gres.conf', () => {
  test('names the devices', () => {
    expect(writeGresConf({ mode: 'future', nodes })).toBe(
      'NodeName=gpu-node-[001-008] Name=gpu Type=h100 File=/dev/nvidia[0-7]\n',
    )
    expect(writeGresConf({ mode: 'dynamic', nodes: { ...nodes, gpus: 1 } })).toBe(
      'Name=gpu Type=h100 File=/dev/nvidia0\n',
    )
    expect(writeGresConf({ mode: 'dynamic', nodes: { ...nodes, gpus: 2, gpuFiles: '/run/gpu' } })).toBe(
      'Name=gpu Type=h100 File=/run/gpu[0-1]\n',
    )
  })

  test('is empty without GPUs', () => {
    expect(writeGresConf({ mode: 'static', nodes: { ...nodes, gpus: 0 } })).toBe('')
  })
})

test('a cgroup plugin is named only to a Slurm that needs one', () => {
  expect(writeCgroupConf('22.05.8')).toBe('CgroupPlugin=cgroup/v1\n')
  expect(writeCgroupConf('24.11.5')).toBe('CgroupPlugin=disabled\n')
  expect(writeCgroupConf('26.05.5')).toBe('CgroupPlugin=disabled\n')
})

test('node names are one hostlist, of one name too', () => {
  expect(nodeNames({ ...nodes, count: 1, digits: 2 })).toBe('gpu-node-[01-01]')
})
