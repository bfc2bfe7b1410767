import { describe, expect, it } from 'vitest'
import type { Alert } from './alert.ts'
import { messageOf } from './alert-message.ts'
import type { AlertGroup, Notification } from './plan-notifications.ts'
import { alertOf, ruleOf } from './test-alerts.ts'

const group: AlertGroup = {
  id: 'g1',
  route: 'default',
  group: 'rule=Hot, pool=train',
  startedAt: 0,
  told: [],
  receivers: [],
  escalated: 0,
  acknowledged: false,
}

const notification = (alerts: readonly Alert[], change: Partial<Notification> = {}): Notification => ({
  kind: 'firing',
  group,
  receivers: ['chat'],
  alerts,
  fresh: alerts.length,
  over: 0,
  escalation: 0,
  repeated: false,
  ...change,
})

const context = {
  id: 'm1',
  now: 20 * 60_000,
  rule: () => ruleOf({ runbookUrl: 'https://wiki/hot' }),
  operationOf: () => undefined,
  proposalOf: () => undefined,
  url: 'https://navarch',
}

const hot = (index: number, switchName = 's7') =>
  alertOf({
    id: `a${index}`,
    key: `n${index}`,
    labels: { node: `n${index}`, gpu: '0', pool: 'train', switch: switchName },
    forMs: 300_000,
  })

describe('a message', () => {
  it('about one thing says what it is, what it means and what to do', () => {
    const message = messageOf(notification([hot(1)]), context)
    expect(message.title).toBe('[warning] Hot: n1 GPU 0: GPU temperature 90 °C (more than 80 °C for 5 min)')
    expect(message.text).toBe(
      'n1 GPU 0: GPU temperature 90 °C (more than 80 °C for 5 min)\nIt is hot.\nCool it.\nhttps://wiki/hot',
    )
    expect(message.url).toBe('https://navarch/alerts?group=rule%3DHot%2C%20pool%3Dtrain')
  })

  it('about a thousand things has their number, where they are, and the first few', () => {
    const alerts = Array.from({ length: 1000 }, (_, index) => hot(index))
    const message = messageOf(notification(alerts), context)
    expect(message.title).toBe('[warning] Hot: 1000 alerts, all on switch s7')
    expect(message.text).toContain('1000 subjects: n0 GPU 0, n1 GPU 0, n2 GPU 0, n3 GPU 0 and 996 more.')
    expect(message.text).toContain('- and 995 more')
    expect(message.alerts).toHaveLength(10)
    expect(message).toMatchObject({ more: 990, firing: 1000, labels: { pool: 'train', switch: 's7' } })
    expect(JSON.stringify(message).length).toBeLessThan(10_000)
  })

  it('tells where most of them are', () => {
    const alerts = Array.from({ length: 10 }, (_, index) => hot(index, index === 0 ? 's1' : 's7'))
    expect(messageOf(notification(alerts), context).title).toBe('[warning] Hot: 10 alerts, 9 of them on switch s7')
  })

  it('says when Navarch is at it', () => {
    const message = messageOf(notification([hot(1)]), { ...context, operationOf: () => 'op7' })
    expect(message.text).toContain('Navarch is at it (operation op7).')
  })

  it('says what waits for approval', () => {
    const waiting = (alert: Alert) => (alert.id === 'a1' || alert.id === 'a2' ? 'op7' : undefined)
    const { text } = messageOf(notification([hot(1), hot(2), hot(3)]), { ...context, proposalOf: waiting })
    expect(text).toContain('Operation op7 waits for approval: navarch operation approve op7')
    const each = messageOf(notification([hot(1), hot(2)]), { ...context, proposalOf: ({ id }) => `op-${id}` })
    expect(each.text).toContain('2 operations wait for approval: navarch operation approve op-a1')
  })

  it('does not count what somebody has acknowledged when it says that nobody has', () => {
    const acknowledged = { by: 'ana', at: 0, note: '' }
    const old = { ...hot(1), acknowledged, firedAt: 0 }
    const fresh = { ...hot(2), firedAt: 5 * 60_000 }
    expect(messageOf(notification([old, fresh], { escalation: 1 }), context).text).toContain(
      'Nobody has acknowledged 1 of 2 for 15 min.',
    )
  })

  it('says that nobody has acknowledged it, and that it is over', () => {
    expect(messageOf(notification([hot(1)], { escalation: 1 }), context)).toMatchObject({
      title: expect.stringMatching(/^\[warning, escalation 1\] Hot/),
      text: expect.stringContaining('Nobody has acknowledged it for 20 min.'),
    })
    expect(messageOf(notification([hot(1)], { kind: 'resolved', over: 1 }), context)).toMatchObject({
      title: expect.stringMatching(/^\[resolved\] Hot: n1 GPU 0/),
      firing: 0,
    })
  })
})
