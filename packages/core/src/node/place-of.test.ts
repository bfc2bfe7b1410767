import { describe, expect, it } from 'vitest'
import { fleetNode, slurmNode } from '../../test/builders.ts'
import { placeLabels } from '../alert/readings/node-place.ts'
import { type Place, placeOf } from './place-of.ts'

const topology: Place = { rack: 'b1', switch: 's1' }
const at = (labels: Record<string, string>, features: string[], place?: Place) =>
  placeOf(fleetNode('n1', { labels }), slurmNode('n1', 'IDLE', { features }), place)

describe('the place of a node', () => {
  it('is what its labels say, then its features, then the topology, each for itself', () => {
    expect(at({ rack: 'r1' }, ['rack-r2', 'switch=s2'], topology)).toEqual({ rack: 'r1', switch: 's2' })
    expect(at({}, ['hopper', 'rack-r2'], topology)).toEqual({ rack: 'r2', switch: 's1' })
    expect(at({}, [], topology)).toEqual(topology)
  })

  it.each([
    ['rack7', 'rack7'],
    ['rack-r7', 'r7'],
    ['rack_r7', 'r7'],
    ['rack:r7', 'r7'],
    ['rack=r7', 'r7'],
    ['RACK=r7', 'r7'],
    ['rack', ''],
    ['rack=', ''],
  ])('is named by the feature %s as "%s"', (feature, rack) => {
    expect(at({}, [feature])).toEqual({ rack, switch: '' })
  })

  it('is unknown where nobody says it', () => {
    expect(placeOf(undefined, undefined, undefined)).toEqual({ rack: '', switch: '' })
  })
})

describe('the labels of a node in alerts', () => {
  it('are its pool and its place', () => {
    const node = fleetNode('n1', { pool: 'train' })
    expect(placeLabels('n1', node, undefined, topology)).toEqual({
      node: 'n1',
      pool: 'train',
      rack: 'b1',
      switch: 's1',
    })
  })

  it('leave out what nobody says', () => {
    expect(placeLabels('n1', undefined, undefined, { rack: 'b1', switch: '' })).toEqual({ node: 'n1', rack: 'b1' })
    expect(placeLabels('n1', undefined, undefined, undefined)).toEqual({ node: 'n1' })
  })
})
