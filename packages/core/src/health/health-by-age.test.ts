import { expect, test } from 'vitest'
import { fleetNode } from '../../test/builders.ts'
import { healthByAge } from './health-by-age.ts'

const beat = 30_000

test('three missed heartbeats make a healthy node unknown', () => {
  const node = fleetNode('n1', { lastHeartbeat: 0 })
  expect(healthByAge(node, beat, 3 * beat)).toEqual({ health: 'healthy', healthReason: '' })
  expect(healthByAge(node, beat, 3 * beat + 5000)).toEqual({
    health: 'unknown',
    healthReason: 'no heartbeat for 1m35s',
  })
})

test('a fault that was reported is not mended by silence', () => {
  const node = fleetNode('n1', { lastHeartbeat: 0, health: 'unhealthy', healthReason: 'XID 79' })
  expect(healthByAge(node, beat, 10 * beat)).toEqual({ health: 'unhealthy', healthReason: 'XID 79' })
})

test('a node that was never heard of is unknown, and one that only beats too', () => {
  expect(healthByAge(fleetNode('n1'), beat, 0).health).toBe('unknown')
  const beating = fleetNode('n1', { health: 'unknown', lastHeartbeat: 0 })
  expect(healthByAge(beating, beat, 0)).toEqual({ health: 'unknown', healthReason: 'no health report yet' })
})
