import type { Alert } from '@navarch/core/alert/alert'
import type { AlertMessage } from '@navarch/core/alert/alert-message'
import { describe, expect, it } from 'vitest'
import { titleOf } from '../../../test/postgres.ts'
import { engines, fileOf, missingOf, useStores } from '../../../test/stores.ts'
import { newOperation } from '../../operations/new-operation.ts'
import type { AlertChange, AlertDelivery, AlertHistoryEvent, AlertTelling } from './alert-records.ts'

const alert = (id: string, change: Partial<Alert> = {}): Alert => ({
  id,
  ruleId: 'r1',
  rule: 'GpuHot',
  metric: 'gpu_temperature',
  condition: 'gt',
  threshold: 83,
  forMs: 0,
  severity: 'warning',
  key: `${id}/0`,
  labels: { node: id, gpu: '0' },
  state: 'firing',
  value: 91.5,
  note: 'é"\u2028',
  startedAt: 10,
  heldSince: 10,
  firedAt: 10,
  resolvedReason: '',
  ...change,
})

const event = (seq: number, change: Partial<AlertHistoryEvent> = {}): AlertHistoryEvent => ({
  seq,
  at: seq * 10,
  alert: 'a1',
  ruleId: 'r1',
  rule: 'GpuHot',
  severity: 'warning',
  labels: { node: 'gpu-1' },
  event: 'fired',
  value: null,
  text: '',
  by: '',
  ...change,
})

const message = (id: string): AlertMessage => ({
  kind: 'firing',
  id,
  groupId: 'g1',
  group: 'rule=GpuHot',
  route: 'default',
  severity: 'warning',
  title: '',
  text: '',
  at: 5,
  firing: 1,
  fresh: 1,
  over: 0,
  escalation: 0,
  labels: {},
  alerts: [],
  more: 0,
  url: '',
})
const delivery = (id: string, messageId: string): AlertDelivery => ({
  ...{ id, receiver: 'chat', message: message(messageId) },
  ...{ attempts: 0, notBefore: 0, error: '' },
})

const telling = (id: string, change: Partial<AlertTelling> = {}): AlertTelling => ({
  ...{ id, group: 'g1', at: 5, alerts: ['a1', 'a2'], told: [] },
  ...change,
})

const everything: readonly AlertChange[] = [
  { kind: 'alert', alert: alert('a1') },
  { kind: 'alert', alert: alert('a2', { state: 'resolved', resolvedAt: 50 }) },
  { kind: 'alert-event', event: event(1) },
  {
    kind: 'alert-rule',
    rule: {
      ...{ id: 'r9', name: 'Mine', metric: 'xid', condition: 'eq', threshold: 48, forMs: 0, resolveAfterMs: 0 },
      ...{ labels: {}, severity: 'info', meaning: '', action: '', inhibitedBy: [], enabled: true, source: 'api' },
    },
  },
  {
    kind: 'alert-silence',
    silence: { id: 's1', matchers: [], reason: 'fan', by: 'ana', createdAt: 1, startsAt: 1, endsAt: 100 },
  },
  {
    kind: 'alert-group',
    group: {
      ...{ id: 'g1', route: 'default', group: 'rule=GpuHot', startedAt: 1, told: ['a1'], receivers: ['chat'] },
      ...{ escalated: 0, acknowledged: false },
    },
  },
  { kind: 'alert-delivery', delivery: delivery('chat/g1', 'm1') },
  { kind: 'alert-telling', telling: telling('m1') },
  { kind: 'alert-memory', memory: { judgedAt: 60, looks: [{ hour: 1, looks: 2, answered: 1 }] } },
]

describe.each(engines)('alerts in %s', (engine) => {
  const missing = missingOf(engine)
  if (missing !== undefined) return it.skip(titleOf(engine), () => {})
  const world = useStores()
  const opened = async () => {
    const place = await world.makePlace(engine)
    return { place, stores: await world.open(place) }
  }

  it('are there after the store was opened again', async () => {
    const { place, stores } = await opened()
    await stores.fleet.alerts.commit(everything)
    const before = await stores.fleet.alerts.load(0)
    await stores.close()
    const after = await (await world.open(place)).fleet.alerts.load(0)
    expect(after).toEqual(before)
    expect(after).toMatchObject({ lastSeq: 1, memory: { judgedAt: 60 }, groups: [{ id: 'g1' }] })
    expect(after.alerts.map(({ id }) => id).sort()).toEqual(['a1', 'a2'])
  })

  it('come along with a backup', async () => {
    const { stores } = await opened()
    await stores.fleet.alerts.commit(everything)
    const restored = await world.restoreInto(await world.makePlace(engine), await fileOf(stores))
    expect(await restored.fleet.alerts.load(0)).toEqual(await stores.fleet.alerts.load(0))
    expect(await restored.fleet.alerts.history({ limit: 10 })).toEqual([event(1)])
  })

  it('are stored all or none', async () => {
    const { stores } = await opened()
    const { alerts } = stores.fleet
    await alerts.commit([{ kind: 'alert-event', event: event(1) }])
    const twice = alerts.commit([
      { kind: 'alert', alert: alert('a1') },
      { kind: 'alert-event', event: event(1) },
    ])
    await expect(twice).rejects.toThrow(/unique/i)
    expect((await alerts.load(0)).alerts).toEqual([])
  })

  it('that are over are loaded while they are new, and found by their id after that', async () => {
    const { stores } = await opened()
    const { alerts } = stores.fleet
    await alerts.commit(everything)
    expect((await alerts.load(51)).alerts.map(({ id }) => id)).toEqual(['a1'])
    expect((await alerts.load(50)).alerts).toHaveLength(2)
    expect(await alerts.alert('a2')).toEqual(alert('a2', { state: 'resolved', resolvedAt: 50 }))
    expect(await alerts.alert('a3')).toBeUndefined()
  })

  it('that were pending and are not go without a trace', async () => {
    const { stores } = await opened()
    const { alerts } = stores.fleet
    await alerts.commit([{ kind: 'alert', alert: alert('a1', { state: 'pending' }) }])
    await alerts.commit([{ kind: 'alert-dropped', alert: alert('a1') }])
    expect((await alerts.load(0)).alerts).toEqual([])
  })

  it('have a history, newest first, by rule, node, alert and kind', async () => {
    const { stores } = await opened()
    const { alerts } = stores.fleet
    const events = [
      event(1),
      event(2, { event: 'resolved' }),
      event(3, { rule: 'NodeSilent', alert: 'a2', labels: { node: 'gpu-2' } }),
      event(4, { alert: '', rule: '', labels: {}, event: 'silenced' }),
    ]
    await alerts.commit(events.map((each) => ({ kind: 'alert-event', event: each })))
    const seqs = async (query: Parameters<typeof alerts.history>[0]) =>
      (await alerts.history(query)).map(({ seq }) => seq)
    expect(await seqs({ limit: 2 })).toEqual([4, 3])
    expect(await seqs({ limit: 9, before: 3 })).toEqual([2, 1])
    expect(await seqs({ limit: 9, rule: 'GpuHot' })).toEqual([2, 1])
    expect(await seqs({ limit: 9, node: 'gpu-2' })).toEqual([3])
    expect(await seqs({ limit: 9, alert: 'a1' })).toEqual([2, 1])
    expect(await seqs({ limit: 9, events: ['fired'] })).toEqual([3, 1])
  })

  it('a message that was delivered does not take a newer one with it', async () => {
    const { stores } = await opened()
    const { alerts } = stores.fleet
    await alerts.commit([{ kind: 'alert-delivery', delivery: delivery('chat/g1', 'm1') }])
    await alerts.commit([{ kind: 'alert-delivery', delivery: delivery('chat/g1', 'm2') }])
    await alerts.commit([{ kind: 'alert-delivered', id: 'chat/g1', message: 'm1' }])
    expect((await alerts.load(0)).deliveries).toEqual([delivery('chat/g1', 'm2')])
    await alerts.commit([{ kind: 'alert-delivered', id: 'chat/g1', message: 'm2' }])
    expect((await alerts.load(0)).deliveries).toEqual([])
  })

  it('that are long over are forgotten, and open ones never', async () => {
    const { stores } = await opened()
    const { alerts } = stores.fleet
    await alerts.commit([...everything, { kind: 'alerts-forgotten', before: 1_000, toldBefore: 1_000 }])
    const left = await alerts.load(0)
    expect(left.alerts.map(({ id }) => id)).toEqual(['a1'])
    expect(left.silences).toEqual([])
    expect(await alerts.history({ limit: 9 })).toEqual([])
  })

  it('rules and silences change and go', async () => {
    const { stores } = await opened()
    const { alerts } = stores.fleet
    await alerts.commit(everything)
    await alerts.commit([
      { kind: 'alert-rule-removed', id: 'r9' },
      { kind: 'alert-group-ended', id: 'g1' },
      {
        kind: 'alert-silence',
        silence: { id: 's1', matchers: [], reason: 'fan', by: 'ana', createdAt: 1, startsAt: 1, endsAt: 7 },
      },
    ])
    expect(await alerts.load(0)).toMatchObject({ rules: [], groups: [], silences: [{ endsAt: 7 }] })
  })

  it('are judged by all operations since a time, oldest first, however many came after, page by page', async () => {
    const { stores } = await opened()
    const request = { kind: 'drain', pool: 'train', reason: '', initiator: 'health' } as const
    const at = (id: string, time: number) => newOperation(id, time, { ...request, node: `n-${id}` })
    const all = [at('d', 3), at('e', 1), at('c', 2), at('b', 2), at('a', 2)]
    await stores.fleet.commit(all.map((operation) => ({ kind: 'operation', operation })))
    const since = async (time: number, inPage?: number) => {
      const pages: string[] = []
      for await (const page of stores.fleet.alerts.operationsSince(time, inPage))
        pages.push(page.map(({ id }) => id).join(''))
      return pages
    }
    expect(await since(0)).toEqual(['eabcd'])
    expect(await since(2)).toEqual(['abcd'])
    // A page ends amid those of one moment.
    expect(await since(0, 2)).toEqual(['ea', 'bc', 'd'])
    expect(await since(2, 2)).toEqual(['ab', 'cd'])
    expect(await since(4)).toEqual([])
  })

  it('keep what became of the messages about them, while their group lasts and for a while after', async () => {
    const { stores } = await opened()
    const { alerts } = stores.fleet
    const told = [{ message: 'm1', receiver: 'chat', at: 7, state: 'failed', error: 'it answered 400' } as const]
    const ended = telling('m2', { group: 'g2' })
    await alerts.commit([
      ...everything,
      { kind: 'alert-telling', telling: ended },
      { kind: 'alert-telling', telling: telling('m3', { group: 'g2', at: 50 }) },
      { kind: 'alert-telling', telling: telling('m4') },
      { kind: 'alert-told', message: 'm1', told },
      { kind: 'alert-telling-dropped', id: 'm4' },
    ])
    expect((await alerts.load(0)).tellings).toEqual([
      telling('m1', { told }),
      ended,
      telling('m3', { group: 'g2', at: 50 }),
    ])
    await alerts.commit([{ kind: 'alerts-forgotten', before: 0, toldBefore: 10 }])
    expect((await alerts.load(0)).tellings.map(({ id }) => id)).toEqual(['m1', 'm3'])
  })

  it('tell how many connections the database has, where there is a server', async () => {
    const { stores } = await opened()
    const connections = await stores.fleet.alerts.connections()
    if (engine === 'sqlite') expect(connections).toBeUndefined()
    else {
      expect(connections?.used).toBeGreaterThan(0)
      expect(connections?.max).toBeGreaterThanOrEqual(connections?.used ?? Number.NaN)
    }
  })
})
