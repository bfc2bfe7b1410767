import type { Alert, Told } from '@navarch/core/alert/alert'
import { expect, it } from 'vitest'
import type { AlertTelling } from '../store/alerts/alert-records.ts'
import { leftOut, outOfMind, takenAlongBy, toldOf } from './tellings.ts'

const sent = (message: string, at: number, receiver = 'chat'): Told => ({
  ...{ message, receiver, at, state: 'sent', error: '' },
})
const telling = (
  id: string,
  at: number,
  alerts: readonly string[],
  change: Partial<AlertTelling> = {},
): AlertTelling => ({
  ...{ id, group: 'g1', at, alerts, told: [sent(id, at)] },
  ...change,
})

it('what was told of an alert is what it took along and what is kept by message, each once, newest first', () => {
  const told = toldOf(
    [{ id: 'a1', told: [sent('m2', 2), sent('m1', 1)] }, { id: 'a2' }],
    [telling('m2', 2, ['a1', 'a2', 'a9']), telling('m3', 3, ['a1'], { told: [sent('m3', 3), sent('m3', 4, 'pager')] })],
  )
  expect(told.get('a1')?.map(({ message, receiver }) => `${message} ${receiver}`)).toEqual([
    'm3 pager',
    'm3 chat',
    'm2 chat',
    'm1 chat',
  ])
  expect(told.get('a2')).toEqual([sent('m2', 2)])
  expect([...told.keys()]).toEqual(['a1', 'a2'])
})

it('alerts that the same messages told of share one answer', () => {
  const told = toldOf([{ id: 'a1' }, { id: 'a2' }, { id: 'a3' }], [telling('m1', 1, ['a1', 'a2'])])
  expect(told.get('a1')).toBe(told.get('a2'))
  expect(told.get('a3')).toEqual([])
})

it('an alert has the last ten', () => {
  const many = Array.from({ length: 15 }, (_, index) => telling(`m${index}`, index, ['a1']))
  expect(
    toldOf([{ id: 'a1' }], many)
      .get('a1')
      ?.map(({ at }) => at),
  ).toEqual([14, 13, 12, 11, 10, 9, 8, 7, 6, 5])
})

it('left out are alerts of the last message of a group that goes on without them', () => {
  const before = [
    telling('m1', 1, ['a0', 'a1']),
    telling('m2', 2, ['a1', 'a2']),
    telling('other', 2, ['a7'], { group: 'g2' }),
  ]
  expect([...leftOut([telling('m3', 3, ['a2', 'a3'])], before)]).toEqual(['a1'])
  expect(leftOut([], before).size).toBe(0)
})

it('a group remembers its last ten messages', () => {
  const before = Array.from({ length: 10 }, (_, index) => telling(`m${index}`, index, ['a1']))
  const other = telling('other', 0, ['a1'], { group: 'g2' })
  expect(outOfMind([telling('m10', 10, ['a1']), telling('m11', 10, ['a1'])], [...before, other])).toEqual(['m0', 'm1'])
  expect(outOfMind([telling('m9', 9, ['a1'])], before.slice(0, 9))).toEqual([])
  expect(outOfMind([], before)).toEqual([])
})

it('an alert that is over takes along what became of a message about it, with the last ten', () => {
  const known = Array.from({ length: 10 }, (_, index) => sent(`m${index}`, index))
  const over = new Map([['a1', { id: 'a1', told: known } as unknown as Alert]])
  const [alert, ...others] = takenAlongBy(telling('end', 10, ['a1', 'a2']), over)
  expect(alert?.told?.map(({ message }) => message)).toEqual([
    'end',
    ...known
      .slice(1)
      .map(({ message }) => message)
      .reverse(),
  ])
  expect(others).toEqual([])
})
