import { expect, test } from 'vitest'
import { slurmNode } from '../../test/builders.ts'
import { commonShape, shapeOf } from './node-shape.ts'

test('the shape that most nodes have is the pool’s', () => {
  const small = slurmNode('s', 'IDLE', { cpus: 8, gpus: 1, gres: [{ name: 'gpu', type: 'l4', count: 1 }] })
  expect(commonShape([small, slurmNode('a'), slurmNode('b')])).toEqual(shapeOf(slurmNode('a')))
  expect(commonShape([])).toBeUndefined()
})

test('GPUs of several types have no type', () => {
  const gres = [
    { name: 'gpu', type: 'h100', count: 4 },
    { name: 'gpu', type: 'a100', count: 4 },
  ]
  expect(shapeOf(slurmNode('a', 'IDLE', { gres }))).not.toHaveProperty('gpuType')
  expect(shapeOf(slurmNode('a'))).toMatchObject({ gpuType: 'h100', gpus: 8, cpus: 96 })
})
