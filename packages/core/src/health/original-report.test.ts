import { expect, test } from 'vitest'
import { classifyOriginalCheck, classifyOriginalEvent, type OriginalHealthEvent } from './original-report.ts'

const event = (over: Partial<OriginalHealthEvent>): OriginalHealthEvent => ({
  at: 1000,
  gpuIndex: 0,
  gpuUuid: 'GPU-1',
  system: 'unknown',
  eventType: 'unknown',
  metrics: {},
  message: '',
  ...over,
})

test('an XID is judged by our catalogue', () => {
  const judge = (xid_code: string) => classifyOriginalEvent('n1', event({ eventType: 'xid', metrics: { xid_code } }))
  expect(judge('79')).toMatchObject({
    xid: 79,
    class: 'drain-replace',
    fatal: true,
    source: 'report',
    gpuUuid: 'GPU-1',
  })
  expect(judge('31')).toMatchObject({ xid: 31, class: 'application' })
})

test('an XID event without a readable code is watched', () => {
  expect(classifyOriginalEvent('n1', event({ eventType: 'xid' }))).toMatchObject({ code: 'xid', class: 'watch' })
})

test.each([
  [event({ eventType: 'ecc_dbe' }), 'ecc-uncorrected', 'drain-reset'],
  [event({ eventType: 'memory', system: 'mem', metrics: { ecc_dbe_count: '1' } }), 'ecc-uncorrected', 'drain-reset'],
  [event({ eventType: 'ecc_sbe', metrics: { ecc_sbe_count: '101' } }), 'ecc-corrected', 'watch'],
  [event({ eventType: 'thermal', metrics: { temperature: '95' } }), 'thermal-slowdown', 'drain-replace'],
  [event({ eventType: 'thermal', metrics: { temperature: '85' } }), 'thermal-margin', 'watch'],
  [event({ eventType: 'nvlink' }), 'nvlink', 'watch'],
  [event({ eventType: 'driver_error' }), 'driver-error', 'watch'],
  [event({ system: 'pcie' }), 'pcie', 'watch'],
])('%o becomes %s of class %s', (given, code, kind) => {
  expect(classifyOriginalEvent('n1', given)).toMatchObject({ code, class: kind, fatal: false })
})

test.each([
  event({ eventType: 'thermal', metrics: { temperature: '84' } }),
  event({ eventType: 'thermal', metrics: { temperature: 'hot' } }),
  event({ eventType: 'ecc_sbe', metrics: { ecc_sbe_count: '100' } }),
])('%o says nothing', (given) => {
  expect(classifyOriginalEvent('n1', given)).toBeUndefined()
})

test('a check that failed is a finding, one that passed is none', () => {
  const result = { check: 'gpu', message: 'no devices', at: 1000 }
  expect(classifyOriginalCheck('n1', { ...result, status: 'healthy' })).toBeUndefined()
  expect(classifyOriginalCheck('n1', { ...result, status: 'degraded' })).toMatchObject({ class: 'watch' })
  expect(classifyOriginalCheck('n1', { ...result, status: 'unhealthy' })).toMatchObject({
    class: 'drain-reboot',
    message: 'check "gpu" is unhealthy: no devices',
  })
})
