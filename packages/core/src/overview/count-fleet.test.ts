import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countFleet } from './count-fleet.ts'
import { cellStates } from './node-cell.ts'

test('each GPU is busy, idle, out of service, coming or unknown', () => {
  const { nodes, gpus } = countFleet([
    { state: 'busy', gpus: 8, gpusUsed: 8 },
    { state: 'mixed', gpus: 8, gpusUsed: 3 },
    { state: 'idle', gpus: 8, gpusUsed: 0 },
    { state: 'reserved', gpus: 8 },
    { state: 'draining', gpus: 8, gpusUsed: 2 },
    { state: 'drained', gpus: 8 },
    { state: 'down', gpus: 8, gpusUsed: 8 },
    { state: 'powering', gpus: 8, gpusUsed: 8 },
    { state: 'unknown', gpus: 8, gpusUsed: 8 },
    { state: 'mixed', gpus: 8 },
  ])
  expect(gpus).toEqual({ total: 80, busy: 21, idle: 21, broken: 14, coming: 8, unknown: 16 })
  expect(nodes).toMatchObject({ busy: 1, mixed: 2, unknown: 1 })
})

test('property: the sums match, whatever Slurm says of used GPUs', () => {
  const node = fc.record(
    { state: fc.constantFrom(...cellStates), gpus: fc.nat(16), gpusUsed: fc.nat(20) },
    { requiredKeys: ['state', 'gpus'] },
  )
  fc.assert(
    fc.property(fc.array(node), (list) => {
      const { nodes, gpus } = countFleet(list)
      expect(Object.values(nodes).reduce((sum, count) => sum + count, 0)).toBe(list.length)
      expect(gpus.busy + gpus.idle + gpus.broken + gpus.coming + gpus.unknown).toBe(gpus.total)
      expect(gpus.total).toBe(list.reduce((sum, { gpus }) => sum + gpus, 0))
      for (const count of Object.values(gpus)) expect(count).toBeGreaterThanOrEqual(0)
    }),
  )
})
