import type { AlertMessage } from '@navarch/core/alert/alert-message'
import type { PostableAlert } from './receivers/alertmanager.ts'

/** How long an Alertmanager shows a test, ms. */
const shownMs = 5 * 60_000

/** What a test of a receiver sends. @param by who asked for it */
export function testAlert(id: string, by: string, now: number): { message: AlertMessage; alert: PostableAlert } {
  const title = `[test] Navarch can reach this receiver (asked for by ${by})`
  const text = 'This is a test. Nothing is wrong.'
  return {
    message: {
      kind: 'test',
      id,
      groupId: `test-${id}`,
      group: 'test',
      route: '',
      severity: 'info',
      title,
      text,
      at: now,
      firing: 0,
      fresh: 0,
      over: 0,
      escalation: 0,
      labels: {},
      alerts: [],
      more: 0,
      url: '',
    },
    alert: {
      labels: { alertname: 'NavarchTest', severity: 'info' },
      annotations: { summary: title, description: text },
      startsAt: new Date(now).toISOString(),
      endsAt: new Date(now + shownMs).toISOString(),
    },
  }
}
