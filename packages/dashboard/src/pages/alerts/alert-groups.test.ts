import type { AlertJson } from '@navarch/api/alerts'
import { describe, expect, it } from 'vitest'
import { alertsAnswer, groupAlerts, stateOfAlert, subjectOf } from './alert-groups.ts'

const alert = (part: Partial<AlertJson>): AlertJson => ({
  id: 'a1',
  rule: 'gpu-hot',
  severity: 'warning',
  state: 'firing',
  labels: {},
  value: 91,
  unknown_since: null,
  unit: 'celsius',
  condition: 'gt',
  threshold: 83,
  summary: 'gpu-1 GPU 0 is at 91 °C',
  meaning: '',
  action: '',
  runbook_url: null,
  being_handled: null,
  awaits_approval: null,
  started_at: '2026-01-01T00:00:00Z',
  fired_at: '2026-01-01T00:05:00Z',
  resolved_at: null,
  resolved_reason: '',
  acknowledged: null,
  silenced_by: null,
  inhibited_by: null,
  group: 'gpu-hot',
  notified: [],
  ...part,
})

describe('groups of alerts', () => {
  it('are one line for one cause, the gravest first', () => {
    const groups = groupAlerts([
      alert({ id: 'a', group: 'g1' }),
      alert({ id: 'b', group: 'g2', severity: 'critical', rule: 'xid', summary: 'XID 79 on gpu-2' }),
      alert({ id: 'c', group: 'g1' }),
    ])
    expect(groups.map(({ title }) => title)).toEqual(['XID 79 on gpu-2', 'gpu-hot: 2 alerts'])
  })
  it('leave out what is over', () => {
    expect(groupAlerts([alert({ state: 'resolved' })])).toEqual([])
  })
})

describe('the answer', () => {
  it.each([
    [[], 'Nothing fires.', 'good'],
    [[alert({})], '1 alert fires; 1 needs a person.', 'act'],
    [[alert({}), alert({ being_handled: 'op1' })], '2 alerts fire; 1 needs a person.', 'act'],
    [[alert({ being_handled: 'op1' })], '1 alert fires; Navarch is at all of it.', 'mending'],
    [[alert({ silenced_by: 's1' })], '1 alert fires, all silenced or acknowledged.', 'good'],
    [
      [alert({}), alert({ silenced_by: 's1' })],
      '1 alert fires; 1 needs a person. 1 more is silenced or acknowledged.',
      'act',
    ],
    [[alert({ state: 'pending' })], 'Nothing fires. 1 condition is watched.', 'good'],
  ])('%#', (open, answer, mood) => expect(alertsAnswer(open)).toEqual({ answer, mood }))
})

describe('an alert in a list', () => {
  it('says that nobody is told of it', () => {
    expect(stateOfAlert(alert({}))).toBe('firing')
    expect(stateOfAlert(alert({ silenced_by: 's1' }))).toBe('silenced')
    expect(stateOfAlert(alert({ acknowledged: { by: 'ana', at: '', note: '' } }))).toBe('seen by ana')
  })
  it.each([
    [{ node: 'train-001', pool: 'train', rack: 't1', switch: 't1', gpu: '7', xid: '79' }, 'train-001', 'GPU 7'],
    [{ pool: 'train' }, '', 'train'],
    [{ rack: 't1' }, '', 't1'],
    [{ partition: 'gpu' }, '', 'gpu'],
    [{}, '', ''],
  ])('%j names what it is about', (labels, node, rest) => expect(subjectOf(labels)).toEqual({ node, rest }))
})
