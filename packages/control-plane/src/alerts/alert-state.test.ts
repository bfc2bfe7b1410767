import type { Alert } from '@navarch/core/alert/alert'
import { expect, it } from 'vitest'
import { type AlertState, applied, shownMs } from './alert-state.ts'

const alert = (id: string, change: Partial<Alert> = {}): Alert => ({
  ...{ id, ruleId: 'r1', rule: 'Hot', metric: 'gpu_temperature', condition: 'gt', threshold: 83, forMs: 0 },
  ...{ severity: 'warning', key: id, labels: {}, state: 'firing', value: 90, note: '', startedAt: 0, heldSince: 0 },
  resolvedReason: '',
  ...change,
})
const empty: AlertState = {
  ...{ open: new Map(), over: new Map(), rules: new Map(), silences: new Map(), groups: new Map() },
  ...{ deliveries: new Map(), tellings: new Map(), memory: { judgedAt: 0, looks: [] }, lastSeq: 0 },
}
const silence = { id: 's1', matchers: [], reason: '', by: '', createdAt: 0, startsAt: 0, endsAt: 10 }

it('an alert moves from open to over when it ends, and is gone a day later', () => {
  const open = applied(empty, [{ kind: 'alert', alert: alert('a1') }], 0)
  expect([[...open.open.keys()], open.over.size]).toEqual([['r1\na1'], 0])
  const ended = alert('a1', { state: 'resolved', resolvedAt: 5 })
  const over = applied(open, [{ kind: 'alert', alert: ended }], 5)
  expect([over.open.size, [...over.over.values()]]).toEqual([0, [ended]])
  expect(applied(over, [], 5 + shownMs + 1).over.size).toBe(0)
})

it('an end of an alert does not take the next one of the same thing with it', () => {
  const open = applied(empty, [{ kind: 'alert', alert: alert('a2', { key: 'n1' }) }], 0)
  const late = alert('a1', { key: 'n1', state: 'resolved', resolvedAt: 1 })
  expect([...applied(open, [{ kind: 'alert', alert: late }], 1).open.values()].map(({ id }) => id)).toEqual(['a2'])
})

it('changes leave what was there before as it was, and copy nothing that they do not touch', () => {
  const before = applied(empty, [{ kind: 'alert', alert: alert('a1') }], 0)
  const after = applied(
    before,
    [
      { kind: 'alert-silence', silence },
      { kind: 'alert-silence', silence: { ...silence, id: 's2', endsAt: 30 } },
    ],
    0,
  )
  expect([before.silences.size, after.silences.size]).toEqual([0, 2])
  expect(after.open).toBe(before.open)
  expect(after.rules).toBe(before.rules)
  expect([...applied(after, [{ kind: 'alerts-forgotten', before: 20, toldBefore: 20 }], 0).silences.keys()]).toEqual([
    's2',
  ])
  expect(after.silences.size).toBe(2)
})
