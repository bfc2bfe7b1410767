import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Alert } from './alert.ts'
import { type Sight, stepAlert } from './step-alert.ts'
import { idsOf, ruleOf } from './test-alerts.ts'

const seen = (value: number | undefined): Sight => ({
  kind: 'seen',
  reading: { key: 'n1/0', labels: { node: 'n1', gpu: '0' }, value },
})
const hot = seen(90)
const cool = seen(60)
const unknown = seen(undefined)

/** Plays sights at their times, ms. @returns what the alert was after each, and what happened */
function play(rule: ReturnType<typeof ruleOf>, sights: readonly (readonly [number, Sight])[]) {
  const newId = idsOf()
  let alert: Alert | undefined
  return sights.map(([now, sight]) => {
    const step = stepAlert(alert, rule, sight, { now, newId })
    alert = step.alert?.state === 'resolved' ? undefined : step.alert
    return { state: step.alert?.state ?? 'inactive', event: step.event, alert: step.alert }
  })
}
const statesOf = (steps: ReturnType<typeof play>) => steps.map(({ state }) => state)

describe('an alert', () => {
  it('fires at once where the rule has no duration, and is over at once', () => {
    const steps = play(ruleOf(), [
      [0, cool],
      [1, hot],
      [2, hot],
      [3, cool],
    ])
    expect(statesOf(steps)).toEqual(['inactive', 'firing', 'firing', 'resolved'])
    expect(steps.map(({ event }) => event)).toEqual([undefined, 'fired', undefined, 'resolved'])
    expect(steps[3]?.alert).toMatchObject({ value: 90, resolvedAt: 3, resolvedReason: 'now 60 °C' })
  })

  it('is pending until the condition has held for as long as the rule wants', () => {
    const rule = ruleOf({ forMs: 100 })
    const steps = play(rule, [
      [0, hot],
      [99, hot],
      [100, hot],
    ])
    expect(statesOf(steps)).toEqual(['pending', 'pending', 'firing'])
    expect(steps[2]?.alert).toMatchObject({ startedAt: 0, firedAt: 100 })
  })

  it('is forgotten when the condition ends while it is pending', () => {
    expect(
      statesOf(
        play(ruleOf({ forMs: 100 }), [
          [0, hot],
          [50, cool],
          [60, hot],
          [120, hot],
        ]),
      ),
    ).toEqual(['pending', 'inactive', 'pending', 'pending'])
  })

  it('is one alert while the value comes and goes within resolve_after', () => {
    const steps = play(ruleOf({ resolveAfterMs: 100 }), [
      [0, hot],
      [10, cool],
      [90, cool],
      [100, hot],
      [110, cool],
      [209, cool],
      [210, cool],
    ])
    expect(statesOf(steps)).toEqual(['firing', 'firing', 'firing', 'firing', 'firing', 'firing', 'resolved'])
    expect(new Set(steps.map(({ alert }) => alert?.id))).toEqual(new Set(['x1']))
  })

  it('stays as it is while nothing is known, and says since when', () => {
    const steps = play(ruleOf(), [
      [0, hot],
      [10, unknown],
      [20, { kind: 'unknown' }],
      [30, hot],
    ])
    expect(statesOf(steps)).toEqual(['firing', 'firing', 'firing', 'firing'])
    expect(steps.map(({ alert }) => alert?.unknownSince)).toEqual([undefined, 10, 10, undefined])
  })

  it('counts the time in which nothing was known for neither its beginning nor its end', () => {
    const begins = play(ruleOf({ forMs: 100 }), [
      [0, hot],
      [50, unknown],
      [1050, hot],
      [1099, hot],
      [1100, hot],
    ])
    expect(statesOf(begins)).toEqual(['pending', 'pending', 'pending', 'pending', 'firing'])
    const ends = play(ruleOf({ resolveAfterMs: 100 }), [
      [0, hot],
      [10, cool],
      [50, unknown],
      [1050, cool],
      [1109, cool],
      [1110, cool],
    ])
    expect(statesOf(ends)).toEqual(['firing', 'firing', 'firing', 'firing', 'firing', 'resolved'])
  })

  it('is over when what it is about is gone, and says so', () => {
    const steps = play(ruleOf(), [
      [0, hot],
      [1, { kind: 'gone' }],
    ])
    expect(steps[1]?.alert).toMatchObject({ state: 'resolved', resolvedReason: 'it is gone', value: 90 })
  })

  it('never begins by what is not known', () => {
    expect(
      statesOf(
        play(ruleOf(), [
          [0, unknown],
          [1, { kind: 'unknown' }],
          [2, { kind: 'gone' }],
        ]),
      ),
    ).toEqual(['inactive', 'inactive', 'inactive'])
  })
})

const sight = fc.constantFrom<Sight>(hot, cool, unknown, { kind: 'gone' }, { kind: 'unknown' })
const story = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), sight), { maxLength: 60 }).map((steps) => {
  let now = 0
  return steps.map(([pause, what]): readonly [number, Sight] => {
    now += pause
    return [now, what]
  })
})
const duration = fc.integer({ min: 0, max: 120 })

const isBad = ([, what]: readonly [number, Sight]) => what.kind === 'seen' && what.reading.value === 90
const isGood = ([, what]: readonly [number, Sight]) =>
  what.kind === 'gone' || (what.kind === 'seen' && what.reading.value === 60)

describe('whatever is seen', () => {
  it('an alert changes state only by a value that is known', () => {
    fc.assert(
      fc.property(story, duration, duration, (sights, forMs, resolveAfterMs) => {
        const steps = play(ruleOf({ forMs, resolveAfterMs }), sights)
        sights.forEach((what, index) => {
          if (isBad(what) || isGood(what)) return
          const before = steps[index - 1]?.state ?? 'inactive'
          const lasting = before === 'resolved' ? 'inactive' : before
          expect(steps[index]).toMatchObject({ state: lasting, event: undefined })
        })
      }),
    )
  })

  it('it fires by a bad value alone, after at least its duration of bad values without a good one', () => {
    fc.assert(
      fc.property(story, duration, duration, (sights, forMs, resolveAfterMs) => {
        const steps = play(ruleOf({ forMs, resolveAfterMs }), sights)
        steps.forEach(({ event }, index) => {
          const now = sights[index]
          if (event !== 'fired' || !now) return
          expect(isBad(now)).toBe(true)
          const lastGood = sights.slice(0, index).findLastIndex(isGood)
          const began = sights.slice(lastGood + 1).find(isBad)
          expect(now[0] - (began?.[0] ?? Number.NaN)).toBeGreaterThanOrEqual(forMs)
        })
      }),
    )
  })

  it('it is over by a good value alone, after at least resolve_after of good values without a bad one', () => {
    fc.assert(
      fc.property(story, duration, duration, (sights, forMs, resolveAfterMs) => {
        const steps = play(ruleOf({ forMs, resolveAfterMs }), sights)
        steps.forEach(({ event }, index) => {
          const now = sights[index]
          if (event !== 'resolved' || !now) return
          expect(isGood(now)).toBe(true)
          const lastBad = sights.slice(0, index).findLastIndex(isBad)
          const began = sights.slice(lastBad + 1).find(isGood)
          expect(now[0] - (began?.[0] ?? Number.NaN)).toBeGreaterThanOrEqual(resolveAfterMs)
        })
      }),
    )
  })

  it('beginnings and ends take turns, and each alert has one of both at most', () => {
    fc.assert(
      fc.property(story, duration, duration, (sights, forMs, resolveAfterMs) => {
        const events = play(ruleOf({ forMs, resolveAfterMs }), sights).filter(({ event }) => event !== undefined)
        events.forEach(({ event }, index) => {
          expect(event).toBe(index % 2 === 0 ? 'fired' : 'resolved')
        })
        const fired = events.filter(({ event }) => event === 'fired').map(({ alert }) => alert?.id)
        expect(new Set(fired).size).toBe(fired.length)
      }),
    )
  })
})
