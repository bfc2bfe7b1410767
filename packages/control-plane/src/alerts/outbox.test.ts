import type { Alert } from '@navarch/core/alert/alert'
import type { AlertMessage } from '@navarch/core/alert/alert-message'
import { silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { expect, it } from 'vitest'
import { storeOver } from '../store/sql/fleet-store.ts'
import { openDatabase } from '../store/sqlite/database.ts'
import { openAlertLedger } from './alert-state.ts'
import { createOutbox } from './outbox.ts'

const alert = (id: string, change: Partial<Alert> = {}): Alert => ({
  ...{ id, ruleId: 'r1', rule: 'GpuHot', metric: 'gpu_temperature', condition: 'gt', threshold: 83, forMs: 0 },
  ...{ severity: 'warning', key: id, labels: {}, state: 'firing', value: 91, note: '' },
  ...{ startedAt: 1, heldSince: 1, firedAt: 1, resolvedReason: '' },
  ...change,
})
const start = Date.UTC(2026, 0, 1)
const over = (id: string): Alert => alert(id, { state: 'resolved', resolvedAt: start })

const message: AlertMessage = {
  ...{ kind: 'resolved', id: 'm1', groupId: 'g1', group: 'rule=GpuHot', route: 'default', severity: 'warning' },
  ...{ title: '', text: '', at: start, firing: 0, fresh: 0, over: 1, escalation: 0, labels: {}, alerts: [], more: 0 },
  url: '',
}

/** An outbox with a message about these alerts, which the receiver answers with a status. */
async function deliverTo(status: number, alerts: readonly Alert[]) {
  const database = openDatabase(':memory:')
  const { alerts: store } = storeOver(':memory:', {
    async commit(statements) {
      const [error] = database.commit([statements])
      if (error !== undefined) throw new Error(error)
    },
    query: async (statement) => database.query(statement),
    close: async () => database.close(),
  })
  const clock = createManualClock(start)
  const ledger = await openAlertLedger(store, clock.now)
  await ledger.change(() => ({
    changes: [
      ...alerts.map((each) => ({ kind: 'alert', alert: each }) as const),
      {
        kind: 'alert-telling',
        telling: { id: 'm1', group: 'g1', at: start, alerts: [...alerts.map(({ id }) => id), 'unknown'], told: [] },
      },
      {
        kind: 'alert-delivery',
        delivery: { id: 'chat/g1', receiver: 'chat', message, attempts: 0, notBefore: 0, error: '' },
      },
    ],
    result: undefined,
  }))
  const outbox = createOutbox({
    receivers: [
      { type: 'webhook', name: 'chat', timeoutMs: 1000, url: { kind: 'text', text: 'http://chat/' }, headers: {} },
    ],
    ledger,
    effects: {
      fetch: async () => new Response(null, { status }),
      secret: async (ref) => (ref.kind === 'text' ? ref.text : ''),
      ...{ now: clock.now, clock, random: () => 0, log: silentLog },
    },
    signal: new AbortController().signal,
  })
  outbox.wake()
  await outbox.idle()
  return { outbox, ledger, store, clock }
}

it('an alert that is over keeps who was told of its end, longer than the message is remembered', async () => {
  const { ledger, store } = await deliverTo(200, [over('a1'), alert('a2')])
  await ledger.change(() => ({ changes: [{ kind: 'alert-telling-dropped', id: 'm1' }], result: undefined }))
  const told = [{ message: 'm1', receiver: 'chat', state: 'sent', error: '' }]
  expect(ledger.state().over.get('a1')).toMatchObject({ told })
  expect(await store.alert('a1')).toMatchObject({ told })
  // One that fires has its last ten by message.
  expect(await store.alert('a2')).toEqual(alert('a2'))
})

it('an alert that is over keeps that its end was refused', async () => {
  const { outbox, store, clock } = await deliverTo(400, [over('a1')])
  for (let tries = 1; tries < 3; tries++) {
    await clock.advance(60_000)
    await outbox.idle()
  }
  expect(await store.alert('a1')).toMatchObject({ told: [{ message: 'm1', receiver: 'chat', state: 'failed' }] })
})
