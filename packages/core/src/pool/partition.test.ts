import type { PartitionRecord } from '@navarch/slurm/partition-record'
import { expect, test } from 'vitest'
import { partition } from '../../test/builders.ts'
import { choosePartition } from './partition.ts'
import type { PoolSpec } from './pool-spec.ts'

const cpu = partition('cpu', { isDefault: true })
const gpu = partition('gpu')
const dev = partition('dev')

test.each<[string, Pick<PoolSpec, 'name' | 'labels'>, PartitionRecord[], string, string]>([
  ['its label', { name: 'cpu', labels: { partition: 'gpu' } }, [cpu, gpu], 'gpu', 'label'],
  ['its name', { name: 'gpu', labels: {} }, [cpu, gpu], 'gpu', 'name'],
  ['the only one', { name: 'x', labels: {} }, [gpu], 'gpu', 'only'],
  ['the default one', { name: 'x', labels: {} }, [gpu, cpu], 'cpu', 'default'],
])('a pool serves the partition of %s', (_, pool, partitions, name, because) => {
  expect(choosePartition(pool, partitions)).toMatchObject({ kind: 'found', partition: { name }, because })
})

test('a pool without a partition is told which there are', () => {
  expect(choosePartition({ name: 'x', labels: {} }, [gpu, dev])).toEqual({
    kind: 'none',
    message: 'no partition is named "x" and none is the default; partitions here: gpu, dev; set labels.partition',
  })
})

test('a label that names no partition is an error, whatever the pool is called', () => {
  expect(choosePartition({ name: 'gpu', labels: { partition: 'gpus' } }, [gpu])).toEqual({
    kind: 'none',
    message: 'labels.partition is "gpus", which does not exist; partitions here: gpu',
  })
})
