import { createManualClock } from '@navarch/system/manual-clock'
import { expect, it } from 'vitest'
import { memoryFleet, nodeDocument } from '../../test/memory-fleet.ts'
import type { Engine } from '../operations/engine.ts'
import { newOperation } from '../operations/new-operation.ts'
import { createNodeService } from './node-service.ts'

it('a node is shown with the operation that has it in hand first, and then what waits for approval', async () => {
  const clock = createManualClock()
  const { fleet } = await memoryFleet(clock.now)
  const nodes = createNodeService({ fleet, engine: {} as Engine, slurm: undefined, clock })
  const request = { pool: 'train', node: 'gpu-1', reason: '', initiator: 'health' } as const
  await fleet.commit([
    { kind: 'node', node: nodeDocument('gpu-1') },
    { kind: 'operation', operation: newOperation('proposed', 1, { ...request, kind: 'replace', propose: true }) },
    { kind: 'operation', operation: newOperation('in-hand', 2, { ...request, kind: 'drain' }) },
  ])
  expect((await nodes.get('gpu-1')).operations).toEqual(['in-hand', 'proposed'])
  expect(nodes.list({})).toMatchObject([{ operations: ['in-hand', 'proposed'] }])
})
