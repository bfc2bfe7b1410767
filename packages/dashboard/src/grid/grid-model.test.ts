import type { FleetNodeJson } from '@navarch/api/views'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ColorMode, colorModes, stylesOf } from './cell-style.ts'
import { createGridModel, type GridModel, type GridSettings, type Grouping, moveStepMs } from './grid-model.ts'
import { parseFilter } from './parse-filter.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const node = (id: string, change: Partial<FleetNodeJson> = {}): FleetNodeJson => ({
  id,
  pool: 'train',
  partitions: ['gpu'],
  rack: 'r1',
  switch: '',
  type: '',
  gpu_type: 'h100',
  gpus: 8,
  state: 'idle',
  owner: '',
  health: 'healthy',
  gpus_used: 0,
  gpu_percent: 0,
  gpu_memory_percent: 0,
  temperature: 35,
  power: 600,
  cpu_percent: 0,
  memory_percent: 0,
  jobs: [],
  users: [],
  xids: [],
  reason: '',
  operation: '',
  since: null,
  seen_at: null,
  ...change,
})
const settings = (filter = '', group: Grouping = 'none', color: ColorMode = 'state'): GridSettings => ({
  filter: parseFilter(filter),
  group,
  color,
})
const mapOf = (...nodes: FleetNodeJson[]) => new Map(nodes.map((one) => [one.id, one]))
const ids = (model: GridModel) => model.rows.map(({ id }) => id)
const keys = (model: GridModel, color: ColorMode = 'state') =>
  [...model.styles].map((style) => stylesOf(color)[style]?.key)

describe('what the grid shows', () => {
  it('has nodes by name, numbers by value, groups alike, those without a group last', () => {
    const model = createGridModel()
    const nodes = mapOf(
      node('n10', { rack: 'r10' }),
      node('n9', { rack: '' }),
      node('n2', { rack: 'r9' }),
      node('n1', { rack: 'r10' }),
    )
    expect(model.renew(nodes, settings('', 'rack'), now)).toBe('all')
    expect(ids(model)).toEqual(['n2', 'n1', 'n10', 'n9'])
    expect(model.groups).toEqual([
      { key: 'r9', count: 1 },
      { key: 'r10', count: 2 },
      { key: '', count: 1 },
    ])
    expect(model.cellOf('n10')).toBe(2)
  })

  it('draws the changed cells alone', () => {
    const model = createGridModel()
    const nodes = mapOf(node('n1'), node('n2'), node('n3'))
    const same = settings()
    model.renew(nodes, same, now)
    expect(model.renew(nodes, same, now)).toBe('same')
    nodes.set('n2', node('n2', { state: 'down' }))
    expect(model.renew(nodes, same, now)).toBe('cells')
    expect(model.changed).toEqual([1])
    expect(keys(model)).toEqual(['idle', 'down', 'idle'])
  })

  it('changes no look for a value that the colours do not tell, and has the new node', () => {
    const model = createGridModel()
    const nodes = mapOf(node('n1'))
    const same = settings()
    model.renew(nodes, same, now)
    nodes.set('n1', node('n1', { temperature: 70 }))
    expect(model.renew(nodes, same, now)).toBe('cells')
    expect([model.changed, model.touched, model.rows[0]?.temperature]).toEqual([[], [0], 70])
  })

  it('moves cells twice a second at the most, and shows meanwhile what their nodes are', () => {
    const model = createGridModel()
    const nodes = mapOf(node('n1'), node('n2'), node('n3'))
    const idle = settings('state:idle')
    model.renew(nodes, idle, now)
    nodes.set('n2', node('n2', { state: 'down' }))
    expect(model.renew(nodes, idle, now + 100)).toBe('cells')
    expect([ids(model), keys(model), model.isBehind]).toEqual([['n1', 'n2', 'n3'], ['idle', 'down', 'idle'], true])
    expect(model.renew(nodes, idle, now + moveStepMs)).toBe('all')
    expect([ids(model), model.isBehind]).toEqual([['n1', 'n3'], false])
  })

  it('evaluates a filter of ages again as time goes by', () => {
    const model = createGridModel()
    const nodes = mapOf(node('n1', { since: new Date(now).toISOString() }))
    const old = settings('age>1m')
    model.renew(nodes, old, now)
    expect(ids(model)).toEqual([])
    model.renew(nodes, old, now + 61_000)
    expect(ids(model)).toEqual(['n1'])
  })

  it('after any changes is the same as one that is made anew', () => {
    const change = fc.record({
      id: fc.integer({ min: 0, max: 30 }).map((number) => `n${number}`),
      state: fc.constantFrom('idle' as const, 'mixed' as const, 'down' as const, undefined),
      gpus_used: fc.option(fc.nat(8)),
      temperature: fc.option(fc.nat(110)),
      users: fc.subarray(['ana', 'bo', 'chen']),
      rack: fc.constantFrom('r1', 'r2', ''),
    })
    fc.assert(
      fc.property(
        fc.array(fc.array(change, { maxLength: 5 }), { maxLength: 12 }),
        fc.constantFrom('', 'state:idle', '-state:down temp<80'),
        fc.constantFrom<Grouping>('none', 'rack'),
        fc.constantFrom<ColorMode>('state', 'temp', 'health'),
        (frames, filter, group, color) => {
          const wanted = settings(filter, group, color)
          const model = createGridModel()
          const nodes = new Map<string, FleetNodeJson>()
          for (const frame of frames) {
            for (const { id, state, ...rest } of frame) {
              if (state === undefined) nodes.delete(id)
              else nodes.set(id, node(id, { state, ...rest }))
            }
            model.renew(nodes, wanted, now)
          }
          model.renew(nodes, wanted, now + moveStepMs)
          const anew = createGridModel()
          anew.renew(nodes, wanted, now + moveStepMs)
          expect([model.rows, model.groups, keys(model, color)]).toEqual([anew.rows, anew.groups, keys(anew, color)])
        },
      ),
    )
  })
})

describe('looks', () => {
  const lookOf = (color: ColorMode, change: Partial<FleetNodeJson>) => {
    const model = createGridModel()
    model.renew(mapOf(node('n1', change)), settings('', 'none', color), now)
    return stylesOf(color)[model.styles[0] ?? -1]
  }
  it.each(['state', 'health', 'util', 'gmem', 'temp', 'power', 'job', 'user'] as const)(
    'of %s: unknown is hatched grey, never another',
    (color) => {
      const look = lookOf(color, {
        state: 'unknown',
        health: 'unknown',
        gpus_used: null,
        gpu_percent: null,
        gpu_memory_percent: null,
        temperature: null,
        power: null,
      })
      expect(look).toMatchObject({ color: '--state-unknown', pattern: 'unknown' })
    },
  )
  it('of a partly busy node are filled as far as it is', () => {
    const level = (used: number | null) => lookOf('state', { state: 'mixed', gpus_used: used })?.level
    expect([1, 2, 4, 7, null].map(level)).toEqual([0.25, 0.25, 0.5, 0.75, 0.5])
  })
  it('of heat are steps from 30 to 90 degrees', () => {
    const step = (temperature: number) => lookOf('temp', { temperature })?.key
    expect([0, 30, 60, 89, 120].map(step)).toEqual(['ramp-0', 'ramp-0', 'ramp-4', 'ramp-7', 'ramp-7'])
  })
  it('of power are per GPU, on a scale that fits', () => {
    const model = createGridModel()
    model.renew(mapOf(node('n1', { power: 700 * 8 }), node('n2', { power: 8 })), settings('', 'none', 'power'), now)
    expect([model.powerTop, ...keys(model, 'power')]).toEqual([700, 'ramp-7', 'ramp-0'])
  })
  it('of users stay when others come and go', () => {
    const model = createGridModel()
    const nodes = mapOf(node('n1', { users: ['ana'] }), node('n2', { users: ['bo'] }), node('n3', { users: ['bo'] }))
    const same = settings('', 'none', 'user')
    model.renew(nodes, same, now)
    const [ana] = keys(model, 'user')
    nodes.set('n2', node('n2', { users: ['chen'] }))
    nodes.delete('n3')
    model.renew(nodes, same, now)
    expect(keys(model, 'user')[0]).toBe(ana)
    expect(new Set(keys(model, 'user')).size).toBe(2)
  })
  it('are never the same colour and shape twice in a mode', () => {
    for (const mode of Object.keys(colorModes) as ColorMode[]) {
      const looks = stylesOf(mode).map(
        ({ color, pattern, level, isFaulty }) => `${color} ${pattern} ${level} ${isFaulty}`,
      )
      expect(new Set(looks).size).toBe(looks.length)
    }
  })
})
