import type { FleetNodeJson } from '@navarch/api/views'
import { describe, expect, it } from 'vitest'
import { styleOf, stylesOf } from './cell-style.ts'

const scale = { powerTop: 700, slotOf: () => undefined }
const look = (state: FleetNodeJson['state'], health: FleetNodeJson['health'], used: number | null = 4) =>
  stylesOf('state')[styleOf({ state, health, gpus: 8, gpus_used: used } as FleetNodeJson, 'state', scale)]

describe('the look of a node by its state', () => {
  it.each(['busy', 'mixed', 'idle', 'reserved', 'powering', 'draining', 'drained', 'down', 'unknown'] as const)(
    '%s has its own',
    (state) => expect(look(state, 'healthy')).toMatchObject({ key: state }),
  )
  it('has a mark where it is unhealthy and takes jobs all the same', () => {
    expect(look('busy', 'unhealthy')).toMatchObject({ key: 'faulty', isFaulty: true, color: '--state-busy' })
    expect(look('mixed', 'unhealthy', 2)).toMatchObject({ key: 'faulty', isFaulty: true, level: 0.25 })
    expect(look('reserved', 'unhealthy')).toMatchObject({ isFaulty: true, color: '--state-reserved' })
  })
  it.each(['draining', 'drained', 'down', 'unknown'] as const)('has none where it is %s: that says it', (state) =>
    expect(look(state, 'unhealthy')).toMatchObject({ key: state }),
  )
  it('is not known where the state is one that is not known', () => {
    expect(look('strange' as FleetNodeJson['state'], 'healthy')).toMatchObject({ key: 'unknown' })
  })
})
