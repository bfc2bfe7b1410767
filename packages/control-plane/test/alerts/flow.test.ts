import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AlertRoute } from '@navarch/core/alert/alert-route'
import type { AlertsSpec, ReceiverSpec } from '@navarch/core/alert/alerts-spec'
import type { FleetNode } from '@navarch/core/node/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newOperation } from '../../src/operations/new-operation.ts'
import { nodeDocument } from '../memory-fleet.ts'
import { createWorld, type RunningPlane, type World } from '../world.ts'
import { type AlertPlane, type Surroundings, startAlertPlane, surroundings } from './alert-plane.ts'

const minute = 60_000

let dir: string
let world: World
let plane: RunningPlane
let around: Surroundings
let running: AlertPlane
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-alerts-'))
  world = createWorld(join(dir, 'db'))
  plane = await world.start()
  around = surroundings()
  posted = []
  around.fetch = async (_, init) => {
    posted.push(JSON.parse(String(init?.body)))
    return new Response('ok')
  }
})
afterEach(() => {
  running.stop()
  plane.kill()
  rmSync(dir, { recursive: true })
})

/** What the webhook was told. */
let posted: {
  id: string
  kind: string
  title: string
  text: string
  firing: number
  more_alerts: number
  escalation: number
}[]

const hook: ReceiverSpec = {
  ...{ type: 'webhook', name: 'hook', timeoutMs: 5_000, headers: {} },
  url: { kind: 'text', text: 'http://hook/secret-path' },
}
const route = (change: Partial<AlertRoute> = {}): AlertRoute => ({
  ...{ name: 'all', matchers: [], receivers: ['hook'], groupBy: ['rule', 'pool'], groupWaitMs: 10_000 },
  ...{
    groupIntervalMs: 5 * minute,
    repeatIntervalMs: 240 * minute,
    sendResolved: true,
    escalation: [],
    continue: false,
  },
  ...change,
})
const spec = (change: Partial<AlertsSpec> = {}): Partial<AlertsSpec> => ({
  receivers: [hook],
  routes: [route()],
  ...change,
})

/** A node with XID 79 on one of its GPUs, or without. */
const broken = (id: string, change: Partial<FleetNode> = {}): FleetNode => ({
  ...nodeDocument(id),
  labels: { switch: 's7', rack: 'r1' },
  health: 'unhealthy',
  findings: [
    {
      ...{
        id: `f-${id}`,
        node: id,
        source: 'kernel-log',
        code: 'xid-79',
        xid: 79,
        class: 'drain-replace',
        fatal: true,
      },
      ...{ gpuIndex: 0, message: 'XID 79: GPU has fallen off the bus', evidence: '', at: 0, count: 1, lastSeenAt: 0 },
    },
  ],
  ...change,
})
const put = (...nodes: FleetNode[]) => plane.fleet.commit(nodes.map((node) => ({ kind: 'node', node })))
/** Time as loops see it: each turn of a loop is its own. */
const pass = async (ms: number) => {
  for (let left = ms; left > 0; left -= 15_000) await world.clock.advance(Math.min(15_000, left))
}
const start = async (change: Partial<AlertsSpec> = {}) => {
  running = await startAlertPlane(world, plane, around, spec(change))
}

describe('1,000 faults', () => {
  it('make a handful of messages, not 1,000', async () => {
    await start()
    const nodes = Array.from({ length: 1000 }, (_, index) => broken(`gpu-${index}`))
    for (let from = 0; from < 1000; from += 100) {
      await put(...nodes.slice(from, from + 100))
      await pass(15_000)
    }
    await pass(30 * minute)
    await put(...nodes.map((node) => ({ ...node, health: 'healthy' as const, findings: [] })))
    await pass(30 * minute)
    expect(running.list({ state: 'firing', rule: 'GpuFellOffBus' })).toEqual([])
    expect(await running.service.history({ limit: 1000, rule: 'GpuFellOffBus' })).toHaveLength(1000)
    expect(posted.length).toBeGreaterThan(0)
    expect(posted.length).toBeLessThanOrEqual(12)
    const largest = posted.find(({ firing }) => firing === 1000)
    expect(largest).toMatchObject({
      title: '[critical] GpuFellOffBus: 1000 alerts, all on switch s7',
      more_alerts: 990,
    })
    // The fleet's own history has a line for each round, not for each alert.
    expect(
      (await plane.fleet.history.eventsSince(0, 10_000)).filter(({ type }) => type === 'alert').length,
    ).toBeLessThan(60)
  })
})

describe('an alert', () => {
  it('is told within seconds of its fault, and its end when it is over', async () => {
    await start()
    await put(broken('gpu-1'))
    await pass(30_000)
    expect(posted.map(({ kind, title }) => `${kind} ${title}`)).toContain(
      'firing [critical] GpuFellOffBus: gpu-1 GPU 0: XID 79: GPU has fallen off the bus',
    )
    await put({ ...broken('gpu-1'), health: 'healthy', findings: [] })
    await pass(6 * minute)
    expect(posted.filter(({ kind }) => kind === 'resolved')).toHaveLength(1)
  })

  it('says which operation is at it', async () => {
    await start()
    await put(broken('gpu-1'))
    const request = { kind: 'drain', pool: 'train', node: 'gpu-1', reason: 'XID 79', initiator: 'health' } as const
    const operation = { ...newOperation('op7', world.clock.now(), request), notBefore: Number.MAX_SAFE_INTEGER }
    await plane.fleet.commit([{ kind: 'operation', operation }])
    await running.alerts.judge()
    const [alert] = running.list({ rule: 'GpuFellOffBus' })
    expect(alert).toMatchObject({
      ...{ state: 'firing', severity: 'critical', value: 79, unit: '', threshold: 79 },
      ...{ labels: { node: 'gpu-1', gpu: '0' }, being_handled: 'op7', group: 'rule=GpuFellOffBus, pool=train' },
    })
  })

  it('says which operation waits for approval, and that nothing is at it', async () => {
    await start()
    await put(broken('gpu-1'))
    const request = { kind: 'replace', pool: 'train', node: 'gpu-1', reason: 'XID 79', initiator: 'health' } as const
    const operation = newOperation('op7', world.clock.now(), { ...request, propose: true })
    await plane.fleet.commit([{ kind: 'operation', operation }])
    await pass(17 * minute)
    expect(running.list({ rule: 'GpuFellOffBus' })).toMatchObject([{ being_handled: null, awaits_approval: 'op7' }])
    expect(running.list({ rule: 'OperationWaitsForApproval' })).toMatchObject([{ awaits_approval: 'op7' }])
    expect(running.list({ rule: 'NodeUnattended', state: 'firing' })).toMatchObject([
      { summary: expect.stringContaining('its replace waits for approval (operation op7)') },
    ])
    const [told] = posted.filter(({ title }) => title.includes('GpuFellOffBus'))
    expect(told?.text).toContain('Operation op7 waits for approval')
  })

  it('that is acknowledged does not escalate, and shows by whom', async () => {
    await start({
      receivers: [hook, { ...hook, name: 'lead' }],
      routes: [route({ escalation: [{ afterMs: 15 * minute, receivers: ['lead'] }] })],
    })
    await put(broken('gpu-1'))
    await pass(minute)
    const [alert] = running.list({ rule: 'GpuFellOffBus', state: 'firing' })
    await running.service.acknowledge(alert?.id ?? '', 'on my way', true, 'ana')
    await pass(20 * minute)
    expect(running.list({ rule: 'GpuFellOffBus' })).toMatchObject([{ acknowledged: { by: 'ana', note: 'on my way' } }])
    const told = posted.filter(({ title }) => title.includes('GpuFellOffBus'))
    expect(told.map(({ kind, escalation }) => [kind, escalation])).toEqual([
      ['firing', 0],
      ['acknowledged', 0],
    ])
  })

  it('that nobody acknowledges escalates', async () => {
    await start({
      receivers: [hook, { ...hook, name: 'lead' }],
      routes: [route({ escalation: [{ afterMs: 15 * minute, receivers: ['lead'] }] })],
    })
    await put(broken('gpu-1'))
    await pass(17 * minute)
    const told = posted.filter(({ title }) => title.includes('GpuFellOffBus'))
    expect(told.map(({ escalation }) => escalation)).toEqual([0, 1])
    const events = (await running.service.history({ limit: 100 })).map(({ event, text }) => `${event} ${text}`)
    expect(events.some((line) => line.startsWith('escalated lead: [critical, escalation 1]'))).toBe(true)
  })

  it('that is silenced is told to nobody, and is told once the silence ends', async () => {
    await start()
    const silence = await running.service.addSilence(
      {
        matchers: [{ label: 'node', op: '=', value: 'gpu-1' }],
        ...{ reason: 'new riser', startsAt: world.clock.now(), endsAt: world.clock.now() + 60 * minute },
      },
      'ana',
    )
    await put(broken('gpu-1'))
    await pass(10 * minute)
    expect(posted).toEqual([])
    expect(running.list({ rule: 'GpuFellOffBus' })).toMatchObject([{ silenced_by: silence.id }])
    expect(running.service.silences(false)).toMatchObject([{ reason: 'new riser', by: 'ana', state: 'active' }])
    await running.service.endSilence(silence.id, 'bob')
    await pass(minute)
    expect(posted.length).toBeGreaterThan(0)
    expect(running.service.silences(false)).toEqual([])
  })

  it('that another one explains is not told by itself', async () => {
    await start()
    await put(broken('gpu-1'))
    await pass(3 * minute)
    const [fault] = running.list({ rule: 'GpuFellOffBus', state: 'firing' })
    expect(running.list({ rule: 'NodeUnhealthy' })).toMatchObject([{ state: 'firing', inhibited_by: fault?.id }])
    expect(posted.some(({ title }) => title.includes('NodeUnhealthy'))).toBe(false)
  })

  it('of a rule that is removed is over', async () => {
    await start()
    const rule = await running.service.addRule({
      ...{ name: 'Any', metric: 'own_problems', condition: 'gte', threshold: 0, forMs: 0, severity: 'info' },
      ...{ enabled: true, labels: {}, meaning: '', action: '', inhibitedBy: [] },
    })
    await pass(15_000)
    expect(running.firing()).toContain('Any')
    await running.service.removeRule(rule.id)
    await pass(15_000)
    expect(running.list({ rule: 'Any' })).toMatchObject([
      { state: 'resolved', resolved_reason: 'the rule was changed, turned off or removed' },
    ])
  })
})

describe('after kill -9', () => {
  const restart = async (change: Partial<AlertsSpec> = {}) => {
    running.stop()
    plane.kill()
    plane = await world.start()
    await start(change)
  }

  it('what fires fires still, is not told again, and keeps its acknowledgement', async () => {
    await start()
    await put(broken('gpu-1'))
    await pass(minute)
    const [before] = running.list({ rule: 'GpuFellOffBus' })
    await running.service.acknowledge(before?.id ?? '', 'mine', false, 'ana')
    await pass(minute)
    const told = posted.length
    await restart()
    await pass(minute)
    const after = running.list({ rule: 'GpuFellOffBus' })
    expect(after).toMatchObject([{ id: before?.id, fired_at: before?.fired_at, acknowledged: { by: 'ana' } }])
    expect(posted).toHaveLength(told)
  })

  it('a node that is silent is not taken for one that was heard', async () => {
    await start()
    await put(broken('gpu-1', { health: 'unknown', findings: [], registeredAt: 1, lastHeartbeat: world.clock.now() }))
    await pass(6 * minute)
    const [before] = running.list({ rule: 'NodeSilent', state: 'firing' })
    expect(before?.labels['node']).toBe('gpu-1')
    await restart()
    await pass(6 * minute)
    expect(running.list({ rule: 'NodeSilent' }).map(({ id, state }) => [id, state])).toEqual([[before?.id, 'firing']])
  })

  it('who was told is known, of what is over too', async () => {
    await start()
    await put(broken('gpu-1'), broken('gpu-2'))
    await pass(minute)
    const notified = () => running.list({ rule: 'GpuFellOffBus' }).map((alert) => alert.notified)
    const first = { receiver: 'hook', at: expect.any(String), state: 'sent', error: '' }
    expect(notified()).toEqual([[first], [first]])
    const before = notified()
    await restart()
    expect(notified()).toEqual(before)
    await put({ ...broken('gpu-1'), findings: [] }, { ...broken('gpu-2'), findings: [] })
    await pass(20 * minute)
    expect(running.list({ rule: 'GpuFellOffBus' }).map(({ state }) => state)).toEqual(['resolved', 'resolved'])
    // The end was told too.
    expect(notified()).toEqual([
      [first, first],
      [first, first],
    ])
  })

  it('who could not be told is known', async () => {
    around.fetch = async () => new Response('invalid_payload', { status: 400 })
    await start()
    await put(broken('gpu-1'))
    const notified = () => running.list({ rule: 'GpuFellOffBus' })[0]?.notified ?? []
    for (let second = 0; second < 60 && notified().length === 0; second++) await pass(1_000)
    expect(notified()).toMatchObject([{ receiver: 'hook', state: 'waiting' }])
    await pass(2 * minute)
    await restart()
    expect(notified()).toMatchObject([{ receiver: 'hook', state: 'failed', error: 'it answered 400: invalid_payload' }])
  })

  it('a message that no receiver had taken is delivered, once', async () => {
    around.fetch = async () => new Response('no', { status: 503 })
    await start()
    await put(broken('gpu-1'))
    await pass(minute)
    expect(running.service.receivers()).toMatchObject([{ waiting: 1, error: 'it answered 503: no' }])
    around.fetch = async (_, init) => {
      posted.push(JSON.parse(String(init?.body)))
      return new Response('ok')
    }
    await restart()
    await pass(15 * minute)
    expect(posted.filter(({ title }) => title.includes('GpuFellOffBus'))).toHaveLength(1)
    expect(running.service.receivers()).toMatchObject([{ waiting: 0, error: '' }])
  })

  it('a message whose delivery was not noted comes again with the same id', async () => {
    await start()
    // The receiver takes it, and the control plane dies before it knows.
    around.fetch = async (_, init) => {
      posted.push(JSON.parse(String(init?.body)))
      plane.kill()
      return new Response('ok')
    }
    await put(broken('gpu-1'))
    await pass(minute)
    running.stop()
    around.fetch = async (_, init) => {
      posted.push(JSON.parse(String(init?.body)))
      return new Response('ok')
    }
    plane = await world.start()
    await start()
    await pass(minute)
    const ids = posted.filter(({ title }) => title.includes('GpuFellOffBus')).map(({ id }) => id)
    expect(ids).toHaveLength(2)
    expect(new Set(ids).size).toBe(1)
  })

  it('what was pending goes on from where it was', async () => {
    await start()
    await put(broken('gpu-1', { findings: [] }))
    await pass(45_000)
    expect(running.list({ rule: 'NodeUnhealthy' })).toMatchObject([{ state: 'pending' }])
    await restart()
    await pass(45_000)
    expect(running.list({ rule: 'NodeUnhealthy' })).toMatchObject([{ state: 'firing' }])
  })
})

describe('what does not answer', () => {
  it('does not hold up the word of a fault', async () => {
    around.volumeUse = new Promise(() => {})
    await start()
    await pass(5 * minute)
    await put(broken('gpu-1'))
    await pass(30_000)
    expect(posted.map(({ title }) => title)).toContainEqual(expect.stringContaining('GpuFellOffBus'))
  })
})

describe('a message about many alerts', () => {
  it('is stored once, with what became of it, whatever the number of alerts and receivers', async () => {
    const names = ['hook', 'chat', 'lead']
    await start({
      receivers: names.map((name) => ({ ...hook, name })),
      routes: [route({ receivers: names, matchers: [{ label: 'rule', op: '=', value: 'GpuFellOffBus' }] })],
    })
    const { commit } = plane.store.alerts
    const stored = { alerts: 0, deliveries: 0 }
    around.fetch = async () => new Response('no', { status: 503 })
    await put(...Array.from({ length: 200 }, (_, index) => broken(`gpu-${index}`)))
    await pass(15_000)
    plane.store.alerts.commit = (changes) => {
      for (const change of changes) {
        if (change.kind === 'alert' && change.alert.rule === 'GpuFellOffBus') stored.alerts += 1
        if (change.kind === 'alert-delivery')
          stored.deliveries = Math.max(stored.deliveries, JSON.stringify(change).length)
      }
      return commit(changes)
    }
    await pass(2 * minute)
    around.fetch = async () => new Response('ok')
    await pass(10 * minute)
    const alerts = running.list({ rule: 'GpuFellOffBus' })
    expect(alerts).toHaveLength(200)
    for (const { notified } of alerts)
      expect(notified.map(({ receiver, state }) => `${receiver} ${state}`).sort()).toEqual([
        'chat sent',
        'hook sent',
        'lead sent',
      ])
    expect(stored.alerts).toBe(0)
    expect(stored.deliveries).toBeGreaterThan(0)
    expect(stored.deliveries).toBeLessThan(10_000)
  })

  it('is known of an alert that was silenced since, however many come after it', async () => {
    await start({ routes: [route({ groupIntervalMs: minute, repeatIntervalMs: minute })] })
    await put(broken('gpu-1'), broken('gpu-2'))
    await pass(minute)
    await running.service.addSilence(
      {
        matchers: [{ label: 'node', op: '=', value: 'gpu-1' }],
        ...{ reason: 'new riser', startsAt: world.clock.now(), endsAt: world.clock.now() + 600 * minute },
      },
      'ana',
    )
    await pass(30 * minute)
    const [silenced] = running.list({ rule: 'GpuFellOffBus', node: 'gpu-1' })
    const [told] = running.list({ rule: 'GpuFellOffBus', node: 'gpu-2' })
    expect(silenced?.notified.map(({ state }) => state)).toContain('sent')
    expect(told?.notified).toHaveLength(10)
    expect(Date.parse(silenced?.notified[0]?.at ?? '')).toBeLessThan(Date.parse(told?.notified[9]?.at ?? ''))
  })
})

describe('a receiver without its secret', () => {
  const pager: ReceiverSpec = {
    ...{ type: 'pagerduty', name: 'pager', timeoutMs: 5_000, url: 'http://pager' },
    routingKey: { kind: 'env', name: 'PAGER_KEY' },
  }
  const sentence = 'receiver pager of alerts cannot be used: the variable PAGER_KEY is not set'

  it('is told at the start, before anything is wrong', async () => {
    await start({ receivers: [hook, pager], routes: [route()] })
    expect(running.alerts.conditions()).toEqual([expect.stringContaining(sentence)])
    expect(running.service.receivers()).toMatchObject([
      { name: 'hook', error: '' },
      { name: 'pager', error: expect.stringContaining('PAGER_KEY is not set') },
    ])
    await pass(11 * minute)
    expect(running.list({ rule: 'NavarchCondition' })).toMatchObject([
      { state: 'firing', summary: expect.stringContaining('PAGER_KEY') },
    ])
    // It has failed at nothing yet.
    expect(running.list({ rule: 'AlertReceiverFailing' })).toEqual([])
  })

  it('is no condition any more once it takes a message', async () => {
    await start({ receivers: [pager], routes: [] })
    around.env['PAGER_KEY'] = 'k3y'
    await running.service.test('pager', 'ana')
    expect(running.alerts.conditions()).toEqual([])
  })

  it('is no condition any more once the secret is there, and nobody needs to try', async () => {
    await start({ receivers: [pager], routes: [] })
    around.env['PAGER_KEY'] = 'k3y'
    await pass(minute + 15_000)
    expect(running.alerts.conditions()).toEqual([])
    expect(running.service.receivers()).toMatchObject([{ error: '', last_sent_at: null }])
  })

  it('that is there is no condition', async () => {
    around.env['PAGER_KEY'] = 'k3y'
    await start({ receivers: [hook, pager], routes: [route()] })
    expect(running.alerts.conditions()).toEqual([])
  })
})

describe('the list of alerts', () => {
  it('is told in pages, with how many there are', async () => {
    await start()
    await put(...Array.from({ length: 7 }, (_, index) => broken(`gpu-${index}`)))
    await pass(15_000)
    const page = (limit: number, offset: number) =>
      running.service.list({ rule: 'GpuFellOffBus', state: 'firing', limit, offset })
    const ids = (limit: number, offset: number) => page(limit, offset).alerts.map(({ id }) => id)
    expect(page(3, 0).total).toBe(7)
    expect(new Set([...ids(3, 0), ...ids(3, 3), ...ids(3, 6)]).size).toBe(7)
    expect([...ids(3, 0), ...ids(3, 3), ...ids(3, 6)]).toEqual(ids(10, 0))
    expect(page(3, 7)).toEqual({ alerts: [], total: 7 })
  })

  it('is all of it where nobody asks for a page', async () => {
    await start()
    await put(...Array.from({ length: 1_200 }, (_, index) => broken(`gpu-${index}`)))
    await pass(15_000)
    expect(running.service.list({ rule: 'GpuFellOffBus' }).alerts).toHaveLength(1_200)
  })
})

describe('a receiver that is away', () => {
  it('hears how things are when it is back, not all that happened', async () => {
    around.fetch = async () => Promise.reject(new TypeError('fetch failed'))
    await start({ routes: [route({ groupIntervalMs: minute })] })
    for (let count = 1; count <= 10; count++) {
      await put(broken(`gpu-${count}`))
      await pass(2 * minute)
    }
    around.fetch = async (_, init) => {
      posted.push(JSON.parse(String(init?.body)))
      return new Response('ok')
    }
    await pass(11 * minute)
    const told = posted.filter(({ title }) => title.includes('GpuFellOffBus'))
    expect(told).toHaveLength(1)
    expect(told).toMatchObject([{ firing: 10 }])
  })

  it('is given up on for a message that it refuses as it is', async () => {
    around.fetch = async () => new Response('invalid_payload', { status: 400 })
    await start()
    await put(broken('gpu-1'))
    await pass(10 * minute)
    expect(running.service.receivers()).toMatchObject([{ waiting: 0, error: 'it answered 400: invalid_payload' }])
  })

  it('is not shown with its secret', async () => {
    around.fetch = async () =>
      Promise.reject(new TypeError('fetch failed', { cause: new Error('getaddrinfo http://hook/secret-path') }))
    await start()
    await put(broken('gpu-1'))
    await pass(minute)
    const shown = JSON.stringify([running.service.receivers(), await running.service.test('hook', 'ana')])
    expect(shown).not.toContain('secret-path')
    expect(shown).toContain('(hidden)')
  })
})

describe('a store that is full', () => {
  it('changes nothing, and alerts go on when it has room again', async () => {
    await start()
    const { commit } = plane.store.alerts
    plane.store.alerts.commit = () => Promise.reject(new Error('the disk is full'))
    await put(broken('gpu-1'))
    await pass(minute)
    expect(running.list({ rule: 'GpuFellOffBus' })).toEqual([])
    plane.store.alerts.commit = commit
    await pass(minute)
    expect(running.firing()).toContain('GpuFellOffBus')
  })
})
