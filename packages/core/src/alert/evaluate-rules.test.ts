import { describe, expect, it } from 'vitest'
import { type Alert, alertKey, type Reading, type Readings } from './alert.ts'
import type { AlertRule } from './alert-rule.ts'
import { afterPause, evaluateInParts, evaluateRules } from './evaluate-rules.ts'
import { alertOf, idsOf, ruleOf } from './test-alerts.ts'

const reading = (node: string, value: number | undefined, labels: Record<string, string> = {}): Reading => ({
  key: node,
  labels: { node, ...labels },
  value,
})

const mapOf = (alerts: readonly Alert[]) =>
  new Map(alerts.map((alert) => [alertKey({ id: alert.ruleId }, alert.key), alert]))

function evaluate(rules: readonly AlertRule[], known: Readings, open: readonly Alert[] = [], now = 1000) {
  return evaluateRules({ rules, open: mapOf(open), readings: () => known, now, newId: idsOf('a') })
}

describe('rules', () => {
  it('make an alert of each value that is bad', () => {
    const { events, open, changed } = evaluate([ruleOf()], {
      values: [reading('n1', 90), reading('n2', 70), reading('n3', 81)],
    })
    expect(events.map(({ kind, alert }) => [kind, alert.labels['node'], alert.value])).toEqual([
      ['fired', 'n1', 90],
      ['fired', 'n3', 81],
    ])
    expect(open.size).toBe(2)
    expect(changed).toHaveLength(2)
  })

  it('look at the nodes and labels that they name', () => {
    const rules = [ruleOf({ nodeFilter: '^gpu-\\d+$', labels: { pool: 'train' } })]
    const values = [
      reading('gpu-1', 90, { pool: 'train' }),
      reading('gpu-2', 90, { pool: 'dev' }),
      reading('cpu-1', 90, { pool: 'train' }),
    ]
    expect(evaluate(rules, { values }).events.map(({ alert }) => alert.key)).toEqual(['gpu-1'])
  })

  it('ask for each metric once', () => {
    let asked = 0
    const rules = [ruleOf(), ruleOf({ id: 'r2', name: 'Hotter', threshold: 85 })]
    const readings = () => {
      asked += 1
      return { values: [] }
    }
    evaluateRules({ rules, open: new Map(), readings, now: 0, newId: idsOf() })
    expect(asked).toBe(1)
  })

  it('keep an alert whose value is not among those that are known while the source says that some are missing', () => {
    const alert = alertOf({ key: 'n1', labels: { node: 'n1' } })
    const { open, events, problems } = evaluate([ruleOf()], { values: [], problem: 'Slurm is not seen' }, [alert])
    expect([...open.values()]).toMatchObject([{ id: 'a1', state: 'firing', unknownSince: 1000 }])
    expect(events).toEqual([])
    expect(problems.get('r1')).toBe('Slurm is not seen')
  })

  it('end an alert whose value is not there any more', () => {
    const alert = alertOf({ key: 'n1', labels: { node: 'n1' } })
    const { open, events } = evaluate([ruleOf()], { values: [] }, [alert])
    expect(open.size).toBe(0)
    expect(events).toMatchObject([{ kind: 'resolved', alert: { id: 'a1', resolvedReason: 'it is gone' } }])
  })

  it.each([
    ['is turned off', [ruleOf({ enabled: false })], 'the rule was changed, turned off or removed'],
    ['is removed', [], 'the rule was changed, turned off or removed'],
    ['is not about it any more', [ruleOf({ nodeFilter: '^other' })], 'the rule is not about it any more'],
  ])('end an alert when their rule %s', (_, rules, reason) => {
    const alert = alertOf({ key: 'n1', labels: { node: 'n1' } })
    const { events } = evaluate(rules, { values: [reading('n1', 90)] }, [alert])
    expect(events).toMatchObject([{ kind: 'resolved', alert: { resolvedReason: reason } }])
  })

  it('drop what was pending without a word', () => {
    const alert = alertOf({ key: 'n1', state: 'pending' })
    const { events, dropped } = evaluate([], { values: [] }, [alert])
    expect(events).toEqual([])
    expect(dropped.map(({ id }) => id)).toEqual(['a1'])
  })

  it('store nothing for a value that moves, and have the new one', () => {
    const alert = alertOf({ key: 'n1', labels: { node: 'n1' }, value: 90 })
    const { open, changed } = evaluate([ruleOf()], { values: [reading('n1', 95)] }, [alert])
    expect([...open.values()]).toMatchObject([{ value: 95 }])
    expect(changed).toEqual([])
  })

  it('judge by the new limit when their rule was changed', () => {
    const alert = alertOf({ key: 'n1', labels: { node: 'n1' }, value: 90 })
    const { events } = evaluate([ruleOf({ threshold: 95 })], { values: [reading('n1', 90)] }, [alert])
    expect(events.map(({ kind }) => kind)).toEqual(['resolved'])
  })
})

describe('rules that are judged in parts', () => {
  const values = Array.from({ length: 9_000 }, (_, index) => reading(`n${index}`, index % 3 === 0 ? 90 : 60))
  const input = (newId: () => string) => ({
    rules: [ruleOf(), ruleOf({ id: 'r2', name: 'Hotter', threshold: 85, forMs: 50 })],
    open: mapOf([alertOf({ key: 'gone', labels: { node: 'gone' } }), alertOf({ key: 'n1', labels: { node: 'n1' } })]),
    readings: () => ({ values }),
    now: 1000,
    newId,
  })

  it('stop every 2,000 values at the latest, and come to the same', () => {
    const work = evaluateInParts(input(idsOf('a')))
    let parts = 0
    let step = work.next()
    for (; !step.done; step = work.next()) parts += 1
    expect(parts).toBeGreaterThanOrEqual((2 * values.length) / 2_000)
    expect(step.value).toEqual(evaluateRules(input(idsOf('a'))))
  })
})

describe('after a pause of the control plane', () => {
  it('an alert fires after the time for which it was seen to hold, without the pause', () => {
    const rule = ruleOf({ forMs: 100 })
    const pending = alertOf({ key: 'n1', state: 'pending', startedAt: 0, heldSince: 0 })
    const [resumed] = afterPause([pending], 60)
    const known = { values: [reading('n1', 90)] }
    const first = evaluate([rule], known, resumed ? [resumed] : [], 10_060)
    expect(first.events).toEqual([])
    const later = evaluate([rule], known, [...first.open.values()], 10_100)
    expect(later.events.map(({ kind }) => kind)).toEqual(['fired'])
  })

  it('what fired still fires, and is not told as new', () => {
    const [resumed] = afterPause([alertOf({ key: 'n1' })], 60)
    const { events, open } = evaluate([ruleOf()], { values: [reading('n1', 90)] }, resumed ? [resumed] : [], 10_000)
    expect(events).toEqual([])
    expect([...open.values()]).toMatchObject([{ id: 'a1', state: 'firing', firedAt: 0 }])
  })
})
