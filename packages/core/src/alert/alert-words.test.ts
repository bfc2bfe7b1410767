import { describe, expect, it } from 'vitest'
import { subjectOf, summaryOf, valueText } from './alert-words.ts'
import { alertOf } from './test-alerts.ts'

describe('a summary', () => {
  it.each([
    [alertOf({}), 'n1 GPU 0: GPU temperature 90 °C (more than 80 °C)'],
    [alertOf({ note: 'XID 79: GPU has fallen off the bus' }), 'n1 GPU 0: XID 79: GPU has fallen off the bus'],
    [
      alertOf({ metric: 'slurm_up', labels: {}, value: 0, threshold: 0, condition: 'eq', forMs: 300_000 }),
      'Slurm not answering for 5 min',
    ],
    [
      alertOf({ metric: 'job_wait_seconds', labels: { partition: 'gpu' }, value: 5400, threshold: 3600 }),
      'partition gpu: longest wait for nodes 1 h 30 min (more than 1 h)',
    ],
    [
      alertOf({ metric: 'volume_used_percent', labels: { path: '/var/lib/navarch' }, value: 96.25, threshold: 95 }),
      '/var/lib/navarch: volume in use 96.3 % (more than 95 %)',
    ],
    [
      alertOf({ metric: 'node_health', labels: { node: 'n1' }, value: 2, condition: 'gte', threshold: 2 }),
      'n1: health unhealthy',
    ],
  ])('%#', (alert, text) => {
    expect(summaryOf(alert)).toBe(text)
  })
})

it('values carry their units', () => {
  expect(valueText('gpu_power', 700)).toBe('700 W')
  expect(valueText('gpu_memory_percent', 97.512)).toBe('97.5 %')
  expect(valueText('node_silent_seconds', 330)).toBe('6 min')
})

it('what an alert is about is named as people name it', () => {
  expect(subjectOf({ pool: 'train' })).toBe('pool train')
  expect(subjectOf({ job: '812', user: 'ana' })).toBe('job 812 of ana')
  expect(subjectOf({})).toBe('')
})
