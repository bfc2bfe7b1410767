import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Alert } from './alert.ts'
import type { AlertRoute } from './alert-route.ts'
import { type AlertGroup, type Notification, planNotifications } from './plan-notifications.ts'
import { alertOf, idsOf, routeOf } from './test-alerts.ts'

const minute = 60_000

/** Plays rounds over one memory of groups. */
function createTeller(routes: readonly AlertRoute[]) {
  let groups: readonly AlertGroup[] = []
  const newId = idsOf('g')
  const known = new Map<string, Alert>()
  return {
    groups: () => groups,
    /** @param muted ids of open alerts that are muted */
    round(now: number, firing: readonly Alert[], muted: readonly string[] = []): Notification[] {
      for (const alert of firing) known.set(alert.id, alert)
      const open = new Set(firing.map(({ id }) => id))
      const plan = planNotifications({
        alerts: firing.filter(({ id }) => !muted.includes(id)),
        isOpen: (id) => open.has(id),
        over: (id) => known.get(id),
        groups,
        routes,
        now,
        newId,
      })
      groups = plan.groups
      return plan.notifications
    },
  }
}

const on = (id: string, change: Partial<Alert> = {}) =>
  alertOf({ id, key: id, labels: { node: id, pool: 'train' }, ...change })
const kindsOf = (notifications: readonly Notification[]) => notifications.map(({ kind }) => kind)

describe('a group', () => {
  it('waits for others before its first message, and tells of all in one', () => {
    const teller = createTeller([routeOf()])
    expect(teller.round(0, [on('n1')])).toEqual([])
    expect(teller.round(9_999, [on('n1'), on('n2')])).toEqual([])
    const told = teller.round(10_000, [on('n1'), on('n2'), on('n3')])
    expect(told).toMatchObject([{ kind: 'firing', receivers: ['chat'], fresh: 3, repeated: false }])
    expect(told[0]?.alerts).toHaveLength(3)
  })

  it('says nothing of what came and went before its first message', () => {
    const teller = createTeller([routeOf()])
    teller.round(0, [on('n1')])
    expect(teller.round(5_000, [])).toEqual([])
    expect(teller.groups()).toEqual([])
  })

  it('tells what is new at its interval, not before', () => {
    const teller = createTeller([routeOf({ groupWaitMs: 0 })])
    teller.round(0, [on('n1')])
    expect(teller.round(5 * minute - 1, [on('n1'), on('n2')])).toEqual([])
    expect(teller.round(5 * minute, [on('n1'), on('n2')])).toMatchObject([{ fresh: 1, over: 0 }])
  })

  it('tells again of nothing new after the repeat interval', () => {
    const teller = createTeller([routeOf({ groupWaitMs: 0 })])
    teller.round(0, [on('n1')])
    expect(teller.round(240 * minute - 1, [on('n1')])).toEqual([])
    expect(teller.round(240 * minute, [on('n1')])).toMatchObject([{ fresh: 0, repeated: true }])
  })

  it('tells its end once, and not before its interval: what comes back is no news', () => {
    const teller = createTeller([routeOf({ groupWaitMs: 0 })])
    teller.round(0, [on('n1')])
    expect(teller.round(1 * minute, [])).toEqual([])
    expect(teller.round(2 * minute, [on('n1')])).toEqual([])
    expect(teller.round(6 * minute, [])).toMatchObject([{ kind: 'resolved', over: 1, receivers: ['chat'] }])
    expect(teller.round(20 * minute, [])).toEqual([])
  })

  it('does not tell its end where the route says so', () => {
    const teller = createTeller([routeOf({ groupWaitMs: 0, sendResolved: false })])
    teller.round(0, [on('n1')])
    expect(teller.round(60 * minute, [])).toEqual([])
    expect(teller.groups()).toEqual([])
  })

  it('is quiet while it is muted, and does not say that it is over', () => {
    const teller = createTeller([routeOf({ groupWaitMs: 0, repeatIntervalMs: minute })])
    teller.round(0, [on('n1')])
    expect(teller.round(30 * minute, [on('n1')], ['n1'])).toEqual([])
    expect(teller.round(31 * minute, [on('n1')])).toMatchObject([{ kind: 'firing', fresh: 0 }])
  })

  it('never begins by what is muted', () => {
    const teller = createTeller([routeOf({ groupWaitMs: 0 })])
    expect(teller.round(0, [on('n1')], ['n1'])).toEqual([])
    expect(teller.groups()).toEqual([])
  })
})

describe('an acknowledgement', () => {
  const acknowledged = { by: 'ana', at: 0, note: '' }

  it('ends repetition and escalation, and is told once', () => {
    const route = routeOf({
      groupWaitMs: 0,
      repeatIntervalMs: minute,
      escalation: [{ afterMs: 15 * minute, receivers: ['lead'] }],
    })
    const teller = createTeller([route])
    teller.round(0, [on('n1')])
    expect(kindsOf(teller.round(30_000, [on('n1', { acknowledged })]))).toEqual(['acknowledged'])
    expect(teller.round(60 * minute, [on('n1', { acknowledged })])).toEqual([])
  })

  it('of some does not hide what is new', () => {
    const teller = createTeller([routeOf({ groupWaitMs: 0 })])
    teller.round(0, [on('n1', { acknowledged })])
    expect(teller.round(6 * minute, [on('n1', { acknowledged }), on('n2')])).toMatchObject([
      { kind: 'firing', fresh: 1 },
    ])
  })
})

describe('an escalation', () => {
  const route = routeOf({
    groupWaitMs: 0,
    escalation: [
      { afterMs: 15 * minute, receivers: ['platform'] },
      { afterMs: 60 * minute, receivers: ['core'] },
      { afterMs: 240 * minute, receivers: ['boss'] },
    ],
  })

  it('takes its steps at 15 min, 1 h and 4 h, each once', () => {
    const teller = createTeller([route])
    const told: [number, readonly string[], number][] = []
    for (let at = 0; at <= 300; at += 1) {
      for (const { escalation, receivers } of teller.round(at * minute, [on('n1')])) {
        if (escalation > 0) told.push([at, receivers, escalation])
      }
    }
    expect(told).toEqual([
      [15, ['platform'], 1],
      [60, ['core'], 2],
      [240, ['boss'], 3],
    ])
  })

  it('tells the end to all who heard of it', () => {
    const teller = createTeller([route])
    teller.round(0, [on('n1')])
    teller.round(20 * minute, [on('n1')])
    expect(teller.round(40 * minute, [])).toMatchObject([{ kind: 'resolved', receivers: ['chat', 'platform'] }])
  })
})

describe('routes', () => {
  it('take the first that matches, and go on where they say so', () => {
    const routes = [
      routeOf({
        name: 'pager',
        matchers: [{ label: 'severity', op: '=', value: 'critical' }],
        receivers: ['pager'],
        groupWaitMs: 0,
        continue: true,
      }),
      routeOf({ name: 'chat', groupWaitMs: 0 }),
      routeOf({ name: 'never', receivers: ['nobody'], groupWaitMs: 0 }),
    ]
    const told = createTeller(routes).round(0, [on('n1', { severity: 'critical' }), on('n2')])
    expect(told.map(({ receivers, alerts }) => [receivers, alerts.map(({ id }) => id)])).toEqual([
      [['pager'], ['n1']],
      [['chat'], ['n1', 'n2']],
    ])
  })

  it('let the end of a group be told after its route was removed', () => {
    const group: AlertGroup = {
      id: 'g1',
      route: 'gone',
      group: 'rule=Hot',
      startedAt: 0,
      notifiedAt: 0,
      told: ['n1'],
      receivers: ['chat'],
      escalated: 0,
      acknowledged: false,
    }
    const plan = planNotifications({
      alerts: [],
      isOpen: () => false,
      over: () => on('n1'),
      groups: [group],
      routes: [],
      now: minute,
      newId: idsOf(),
    })
    expect(plan).toMatchObject({ ended: ['g1'], notifications: [{ kind: 'resolved', receivers: ['chat'] }] })
  })
})

describe('1,000 faults', () => {
  it('of one broken switch are one message, another one, and its end', () => {
    const teller = createTeller([routeOf()])
    const labels = (index: number) => ({ node: `n${index}`, pool: 'train', switch: 's7' })
    const fault = (index: number) => alertOf({ id: `n${index}`, key: `n${index}`, labels: labels(index) })
    const told: Notification[] = []
    // They come within a minute, and stay for ten.
    for (let second = 0; second <= 600; second += 15) {
      const count = Math.min(1000, Math.round((second / 60) * 1000))
      told.push(
        ...teller.round(
          second * 1000,
          Array.from({ length: count }, (_, index) => fault(index)),
        ),
      )
    }
    told.push(...teller.round(16 * minute, []))
    expect(told.map(({ kind, alerts }) => [kind, alerts.length])).toEqual([
      ['firing', 500],
      ['firing', 1000],
      ['resolved', 1000],
    ])
  })
})

const event = fc.record({
  pause: fc.integer({ min: 1, max: 10 * minute }),
  firing: fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 30 }),
  muted: fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 5 }),
  acknowledged: fc.boolean(),
})

describe('whatever happens', () => {
  it('a group has at most one message in its interval, an acknowledgement and escalations apart', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const route = routeOf()
        const teller = createTeller([route])
        const last = new Map<string, number>()
        let now = 0
        for (const { pause, firing, muted, acknowledged } of events) {
          now += pause
          const alerts = firing.map((index) =>
            on(`n${index}`, acknowledged ? { acknowledged: { by: 'a', at: now, note: '' } } : {}),
          )
          for (const { kind, group } of teller.round(
            now,
            alerts,
            muted.map((index) => `n${index}`),
          )) {
            if (kind === 'acknowledged') continue
            const before = last.get(group.id)
            if (before !== undefined) expect(now - before).toBeGreaterThanOrEqual(route.groupIntervalMs)
            last.set(group.id, now)
          }
        }
      }),
    )
  })

  it('every end that is told was a beginning that was told, to the same receivers', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const teller = createTeller([routeOf()])
        const heard = new Set<string>()
        let now = 0
        for (const { pause, firing, muted } of events) {
          now += pause
          const alerts = firing.map((index) => on(`n${index}`))
          for (const { kind, group, receivers } of teller.round(
            now,
            alerts,
            muted.map((index) => `n${index}`),
          )) {
            if (kind === 'firing') for (const receiver of receivers) heard.add(`${group.id} ${receiver}`)
            else for (const receiver of receivers) expect(heard).toContain(`${group.id} ${receiver}`)
          }
        }
      }),
    )
  })

  it('what fires unmuted for long enough is told', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (events) => {
        const teller = createTeller([routeOf()])
        const told = new Set<string>()
        let now = 0
        const round = (alerts: readonly Alert[], muted: readonly string[] = []) => {
          for (const notification of teller.round(now, alerts, muted)) {
            if (notification.kind === 'firing') for (const { id } of notification.alerts) told.add(id)
          }
        }
        for (const { pause, firing, muted } of events) {
          now += pause
          round(
            firing.map((index) => on(`n${index}`)),
            muted.map((index) => `n${index}`),
          )
        }
        for (let count = 0; count < 3; count++) {
          now += 6 * minute
          round([on('last')])
        }
        expect(told).toContain('last')
      }),
    )
  })
})
