import type { Operation } from '@navarch/core/operation/operation'
import { expect, it } from 'vitest'
import { memoryFleet, nodeDocument } from '../../test/memory-fleet.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { newOperation } from '../operations/new-operation.ts'
import { followFailedOperations } from './failed-operations.ts'

const hour = 3_600_000
const now = 100 * 24 * hour

const operation = (id: string, node: string, createdAt: number, change: Partial<Operation> = {}): Operation => ({
  ...newOperation(id, createdAt, { kind: 'drain', pool: 'train', node, reason: '', initiator: 'health' }),
  updatedAt: createdAt,
  state: 'succeeded',
  ...change,
})

/** The operations that failed, after a start with this history. */
async function failedAfter(history: readonly Operation[], at = now) {
  const { fleet } = await memoryFleet(() => at)
  await fleet.commit(
    [...new Set(history.map(({ node }) => node))].map((node) => ({ kind: 'node', node: nodeDocument(node) })),
  )
  const reads = {
    async *operationsSince(since: number) {
      // Pages of two: an operation and what took it up may be in different ones.
      const found = history.filter(({ createdAt }) => createdAt >= since)
      for (let from = 0; from < found.length; from += 2) yield found.slice(from, from + 2)
    },
  }
  const failed = await followFailedOperations(fleet, reads, () => at)
  return { fleet, ids: () => failed.all().map(({ id }) => id) }
}
const terminated = (fleet: Fleet, node: string) =>
  fleet.commit([{ kind: 'node', node: { ...nodeDocument(node), status: 'terminated' } }])

it('are found after a start, however many operations came after them', async () => {
  const later = Array.from({ length: 5_000 }, (_, index) => operation(`op${index}`, `n${index}`, now - hour + index))
  const { ids } = await failedAfter([operation('broken', 'gpu-1', now - 48 * hour, { state: 'failed' }), ...later])
  expect(ids()).toEqual(['broken'])
})

it('are found where they began long ago and failed lately', async () => {
  const began = now - 10 * 24 * hour
  const { ids } = await failedAfter([operation('broken', 'gpu-1', began, { state: 'failed', updatedAt: now - hour })])
  expect(ids()).toEqual(['broken'])
})

it('are none of a node that was tried again, and of those of last week', async () => {
  const { ids } = await failedAfter([
    operation('old', 'gpu-2', now - 8 * 24 * hour, { state: 'failed' }),
    operation('first', 'gpu-1', now - 2 * hour, { state: 'failed' }),
    operation('second', 'gpu-1', now - hour),
  ])
  expect(ids()).toEqual([])
})

it('are followed while it runs', async () => {
  const { fleet, ids } = await failedAfter([operation('first', 'gpu-1', now - hour, { state: 'failed' })])
  await fleet.commit([{ kind: 'operation', operation: operation('second', 'gpu-1', now, { state: 'running' }) }])
  expect(ids()).toEqual([])
  await fleet.commit([{ kind: 'operation', operation: operation('second', 'gpu-1', now, { state: 'failed' }) }])
  expect(ids()).toEqual(['second'])
})

it('of a node that is gone are those that were to make another of it, and not those that were to give it up', async () => {
  const { fleet, ids } = await failedAfter([
    operation('replacement', 'gpu-1', now - hour, { kind: 'replace', step: 'provision', state: 'failed' }),
    operation('given-up', 'gpu-2', now - hour, { kind: 'scale-down', state: 'failed' }),
  ])
  expect(ids()).toEqual(['replacement', 'given-up'])
  await terminated(fleet, 'gpu-1')
  await terminated(fleet, 'gpu-2')
  expect(ids()).toEqual(['replacement'])
})

it('are hidden by none that does something else', async () => {
  const { ids } = await failedAfter([
    operation('replacement', 'gpu-1', now - 3 * hour, { kind: 'replace', state: 'failed' }),
    operation('hold', 'gpu-1', now - 2 * hour, { kind: 'cordon' }),
    operation('held-still', 'gpu-1', now - hour, { kind: 'uncordon', state: 'failed' }),
  ])
  expect(ids()).toEqual(['replacement', 'held-still'])
})

it.each([
  ['provision', 'replace'],
  ['drain', 'uncordon'],
  ['cordon', 'scale-down'],
  ['uncordon', 'replace'],
] as const)('a %s that failed is taken up by a later %s', async (kind, later) => {
  const { ids } = await failedAfter([
    operation('first', 'gpu-1', now - 2 * hour, { kind, state: 'failed' }),
    operation('second', 'gpu-1', now - hour, { kind: later }),
  ])
  expect(ids()).toEqual([])
})

it('are taken up by nothing that is only proposed, or was rejected', async () => {
  const first = operation('first', 'gpu-1', now - 2 * hour, { kind: 'replace', state: 'failed' })
  const proposal = (change: Partial<Operation>) =>
    operation('second', 'gpu-1', now - hour, { kind: 'replace', ...change })
  const { fleet, ids } = await failedAfter([
    first,
    proposal({ state: 'waiting_for_approval', approval: { state: 'waiting', at: now } }),
  ])
  expect(ids()).toEqual(['first'])
  const rejected = proposal({ state: 'cancelled', approval: { state: 'rejected', by: 'ana', at: now } })
  await fleet.commit([{ kind: 'operation', operation: rejected }])
  expect(ids()).toEqual(['first'])
  const approved = proposal({ state: 'running', approval: { state: 'approved', by: 'ana', at: now } })
  await fleet.commit([{ kind: 'operation', operation: approved }])
  expect(ids()).toEqual([])
})
