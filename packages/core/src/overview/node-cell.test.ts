import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fleetNode, slurmNode } from '../../test/builders.ts'
import { type CellInput, cellOf, cellStates, isEmptyName } from './node-cell.ts'

const cell = (over: Partial<CellInput>) =>
  cellOf({ node: undefined, record: undefined, operation: undefined, slurm: 'fresh', heard: true, ...over })
const stateIn = (state: string, over: Parameters<typeof slurmNode>[2] = {}) =>
  cell({ record: slurmNode('n1', state, over) }).state

describe('by Slurm’s word', () => {
  test.each([
    ['IDLE', {}, 'idle'],
    ['IDLE+PLANNED', {}, 'idle'],
    ['MIXED', { gpusAllocated: 3 }, 'mixed'],
    ['MIXED', { gpusAllocated: 8 }, 'busy'],
    ['ALLOCATED', { gpusAllocated: 0 }, 'busy'],
    ['IDLE+COMPLETING', {}, 'mixed'],
    ['IDLE+RESERVED', {}, 'reserved'],
    ['IDLE+MAINTENANCE', {}, 'reserved'],
    ['MIXED+RESERVED', { gpusAllocated: 1 }, 'mixed'],
    ['IDLE+DRAIN', {}, 'drained'],
    ['MIXED+DRAIN', {}, 'draining'],
    ['IDLE+FAIL', {}, 'drained'],
    ['DOWN', {}, 'down'],
    ['DOWN+DRAIN', {}, 'down'],
    ['ERROR', {}, 'down'],
    ['IDLE+INVALID_REG', {}, 'down'],
    ['IDLE+NOT_RESPONDING', {}, 'unknown'],
    ['UNKNOWN', {}, 'unknown'],
    ['ALLOCATED+POWERING_UP', {}, 'powering'],
    ['IDLE+POWERING_DOWN', {}, 'powering'],
    ['DOWN+REBOOT_ISSUED', {}, 'powering'],
  ])('a node that is %s (%j) is shown %s', (state, over, shown) => {
    expect(stateIn(state, over)).toBe(shown)
  })

  test('it is unknown when Slurm was not seen lately, and where Slurm does not know the node', () => {
    expect(cell({ record: slurmNode('n1'), slurm: 'stale' })).toEqual({
      state: 'unknown',
      owner: '',
      reason: 'Slurm was not seen lately',
    })
    expect(cell({ node: fleetNode('n1') })).toEqual({
      state: 'unknown',
      owner: '',
      reason: 'Slurm does not know this node',
    })
  })
})

describe('by the fleet’s own word, which is newer', () => {
  test.each([
    ['draining', 'IDLE', 'draining'],
    ['drained', 'IDLE', 'drained'],
    ['cordoned', 'MIXED', 'draining'],
    ['cordoned', 'IDLE', 'drained'],
    ['provisioning', 'FUTURE', 'powering'],
  ] as const)('a node that is %s, and %s in Slurm, is shown %s', (status, state, shown) => {
    expect(cell({ node: fleetNode('n1', { status }), record: slurmNode('n1', state) }).state).toBe(shown)
  })

  test('it is known even when Slurm’s is not', () => {
    expect(cell({ node: fleetNode('n1', { status: 'draining' }), slurm: 'stale' })).toMatchObject({
      state: 'draining',
      owner: 'navarch',
    })
  })

  test('a node without a record is on its way while an operation makes it', () => {
    const operation = { kind: 'provision', reason: 'below minimum: 0 < 4', initiator: 'autoscaler' } as const
    expect(cell({ operation })).toEqual({ state: 'powering', owner: '', reason: 'below minimum: 0 < 4' })
  })
})

describe('whose doing it is', () => {
  const drained = (reason: string, over: Partial<CellInput> = {}) =>
    cell({ record: slurmNode('n1', 'IDLE+DRAIN', { reason }), ...over })

  test.each([
    ['navarch: XID 79', 'navarch', 'XID 79'],
    ['Kill task failed', 'slurm', 'Kill task failed'],
    ['ana: fan', 'person', 'ana: fan'],
  ] as const)('"%s" is %s’s', (reason, owner, shown) => {
    expect(drained(reason)).toMatchObject({ owner, reason: shown })
  })

  test('a hold is a person’s, whatever the reason in Slurm', () => {
    const hold = { action: 'drain', reason: 'new firmware', since: 0 } as const
    const node = fleetNode('n1', { status: 'drained', hold })
    expect(drained('navarch: new firmware', { node })).toMatchObject({ owner: 'person', reason: 'new firmware' })
  })

  test('nobody keeps a node that works', () => {
    expect(cell({ record: slurmNode('n1', 'MIXED', { reason: 'old words' }) })).toMatchObject({ owner: '', reason: '' })
  })
})

describe('without Slurm', () => {
  const alone = (loadedGpus: number | undefined, heard = true) => {
    const gpus = [0, 1].map((index) => ({ index, uuid: `GPU-${index}`, name: '', pciBusId: '' }))
    const node = fleetNode('n1', { gpus })
    return cell({ node, slurm: 'absent', heard, ...(loadedGpus !== undefined && { loadedGpus }) }).state
  }
  test('load tells what is used', () => {
    expect([alone(0), alone(1), alone(2)]).toEqual(['idle', 'mixed', 'busy'])
  })
  test('a silent agent, or one without readings, tells nothing', () => {
    expect([alone(1, false), alone(undefined)]).toEqual(['unknown', 'unknown'])
  })
})

test('names without a host are no nodes', () => {
  const empty = (state: string) => isEmptyName(slurmNode('n1', state).state)
  expect(['FUTURE', 'IDLE+CLOUD+POWERED_DOWN', 'ALLOCATED+CLOUD+POWERED_DOWN', 'IDLE'].map(empty)).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test('property: every node has one of the states, and only one that takes no work has an owner', () => {
  const bases = ['IDLE', 'MIXED', 'ALLOCATED', 'DOWN', 'UNKNOWN', 'FUTURE', 'ERROR']
  const flags = ['DRAIN', 'COMPLETING', 'NOT_RESPONDING', 'POWERING_UP', 'RESERVED', 'FAIL', 'REBOOT_ISSUED']
  fc.assert(
    fc.property(
      fc.constantFrom(...bases),
      fc.subarray(flags),
      fc.constantFrom('absent', 'fresh', 'stale'),
      fc.constantFrom('active', 'draining', 'drained', 'provisioning', 'unhealthy', undefined),
      fc.boolean(),
      (base, some, slurm, status, heard) => {
        const record = slurmNode('n1', [base, ...some].join('+'), { reason: 'navarch: x' })
        const node = status && fleetNode('n1', { status })
        const { state, owner } = cell({ record, node, slurm: slurm as 'fresh', heard })
        expect(cellStates).toContain(state)
        if (owner !== '') expect(['draining', 'drained', 'down']).toContain(state)
        if (slurm === 'stale') expect(['busy', 'mixed', 'idle', 'reserved', 'down']).not.toContain(state)
      },
    ),
  )
})
