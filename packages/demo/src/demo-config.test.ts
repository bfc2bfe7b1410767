import fc from 'fast-check'
import { expect, it } from 'vitest'
import { planDemo } from './demo-config.ts'

it('starts with as many nodes as were asked for, and has names for all that it may grow to', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 500 }), fc.double({ min: 0.1, max: 100, noNaN: true }), (nodes, speed) => {
      const { config, partitions, waves } = planDemo(nodes, speed)
      expect(config.pools.reduce((sum, pool) => sum + pool.minNodes, 0)).toBe(nodes)
      for (const pool of config.pools) {
        const names = partitions.find((partition) => partition.name === pool.name)?.names ?? 0
        expect(names).toBeGreaterThan(pool.maxNodes)
        const wave = waves.find((each) => each.partition === pool.name)
        expect(wave?.highGpus).toBeLessThanOrEqual(pool.maxNodes * 8 * 1.25)
        for (const kind of wave?.kinds ?? []) expect(kind.nodeCount).toBeLessThanOrEqual(pool.minNodes)
      }
    }),
  )
})
