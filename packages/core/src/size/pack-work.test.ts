import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WorkItem } from '../demand/count-demand.ts'
import { type FreeNode, packWork } from './pack-work.ts'

const shape = { cpus: 8, memoryMb: 100, gpus: 4, features: [] }
const empty: FreeNode = { cpus: 8, memoryMb: 100, gpus: 4, empty: true }
const item = (
  needs: Partial<WorkItem['needs']> & { gpus?: number; cpus?: number; memoryMb?: number },
  copies = 1,
): WorkItem => ({
  jobId: 1,
  copies,
  needs: {
    nodes: needs.nodes ?? 1,
    perNode: { cpus: needs.cpus ?? 1, memoryMb: needs.memoryMb ?? 0, gpus: needs.gpus ?? 0 },
    exclusive: needs.exclusive ?? false,
    gpuTypes: [],
  },
})

test('copies share a node until one of its resources is used up', () => {
  expect(packWork([item({ gpus: 1 }, 9)], [], shape).added).toBe(3)
  expect(packWork([item({ cpus: 8 }, 3)], [], shape).added).toBe(3)
  expect(packWork([item({ memoryMb: 60 }, 2)], [], shape).added).toBe(2)
})

test('a job of several nodes gets distinct ones, free ones first', () => {
  expect(packWork([item({ nodes: 3, gpus: 1 })], [empty, empty], shape)).toEqual({ used: [0, 1], added: 1 })
})

test('a node that has room is used again although a full one stands behind it', () => {
  const full = { ...empty, gpus: 0, empty: false }
  expect(packWork([item({ nodes: 2, gpus: 1 }, 4)], [empty, full, empty], shape)).toEqual({ used: [0, 2], added: 0 })
})

test('an exclusive job takes an empty node, and all of it', () => {
  const busy = { ...empty, empty: false }
  expect(packWork([item({ exclusive: true }), item({})], [busy], shape)).toEqual({ used: [], added: 1 })
  expect(packWork([item({ memoryMb: Number.POSITIVE_INFINITY }, 2)], [empty], shape)).toEqual({ used: [0], added: 1 })
})

test('while the shape is not known each job takes whole nodes', () => {
  expect(packWork([item({ gpus: 1 }, 2), item({ nodes: 2 })], [empty], undefined)).toEqual({ used: [0], added: 3 })
})

const anyItem = fc
  .record({
    nodes: fc.integer({ min: 1, max: 4 }),
    cpus: fc.integer({ min: 1, max: 8 }),
    memoryMb: fc.integer({ min: 0, max: 100 }),
    gpus: fc.integer({ min: 0, max: 4 }),
    exclusive: fc.boolean(),
    copies: fc.integer({ min: 1, max: 10 }),
  })
  .map(({ copies, ...needs }) => item(needs, copies))

test('property: the nodes hold what is packed, and no more are opened than one for each share', () => {
  fc.assert(
    fc.property(fc.array(anyItem, { maxLength: 10 }), fc.integer({ min: 0, max: 5 }), (work, free) => {
      const nodes = Array.from({ length: free }, () => empty)
      const { used, added } = packWork(work, nodes, shape)
      const total = used.length + added
      const sum = (of: (one: WorkItem) => number) =>
        work.reduce((all, one) => all + one.copies * one.needs.nodes * of(one), 0)
      expect(total * shape.gpus).toBeGreaterThanOrEqual(sum((one) => one.needs.perNode.gpus))
      expect(total * shape.cpus).toBeGreaterThanOrEqual(sum((one) => one.needs.perNode.cpus))
      expect(total * shape.memoryMb).toBeGreaterThanOrEqual(sum((one) => one.needs.perNode.memoryMb))
      expect(total).toBeLessThanOrEqual(sum(() => 1))
      expect(total).toBeGreaterThanOrEqual(Math.max(0, ...work.map((one) => one.needs.nodes)))
      expect(packWork(work, nodes, shape)).toEqual({ used, added })
    }),
  )
})
