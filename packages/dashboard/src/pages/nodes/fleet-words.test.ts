import type { FleetNodeJson } from '@navarch/api/views'
import { describe, expect, it } from 'vitest'
import { answerOf } from './fleet-words.ts'

const nodes = (...states: [FleetNodeJson['state'], FleetNodeJson['owner']?][]) =>
  states.map(([state, owner = '']) => ({ state, owner }) as FleetNodeJson)

describe('the answer of the nodes page', () => {
  it.each([
    [nodes(), 0, false, 'good', 'There are no nodes yet.'],
    [nodes(), 8, true, 'good', '0 of 8 nodes fit.'],
    [nodes(['busy'], ['idle']), 2, false, 'good', 'All 2 nodes are in service.'],
    [nodes(['busy']), 2, true, 'good', '1 of 2 nodes fits: it is in service.'],
    [nodes(['draining', 'navarch'], ['busy']), 2, false, 'mending', 'Of 2 nodes, 1 is drained by Navarch.'],
    [nodes(['drained', 'person'], ['busy']), 2, false, 'good', 'Of 2 nodes, 1 is drained by people or Slurm.'],
    [
      nodes(['down', 'slurm'], ['unknown'], ['draining', 'navarch'], ['draining', 'navarch']),
      4,
      false,
      'act',
      'Of 4 nodes, 1 is down, 1 is not heard of and 2 are drained by Navarch.',
    ],
    [nodes(['powering'], ['busy']), 2, false, 'mending', 'Of 2 nodes, 1 is starting.'],
    [
      [...nodes(['idle']), { state: 'busy', owner: '', health: 'unhealthy' } as FleetNodeJson],
      2,
      false,
      'act',
      'Of 2 nodes, 1 is unhealthy and in service.',
    ],
    [nodes(['unknown']), 9, true, 'unknown', '1 of 9 nodes fits: 1 is not heard of.'],
  ] as const)('%#: says it', (rows, total, isFiltered, mood, text) => {
    expect(answerOf(rows, total, isFiltered)).toEqual({ mood, text })
  })
})
