import { placeLabels } from '@navarch/core/alert/readings/node-place'
import type { FleetNode } from '@navarch/core/node/node'
import { describe, expect, it } from 'vitest'
import { nodeDocument } from '../../../test/memory-fleet.ts'
import { slurmJob, slurmRecord } from '../../../test/slurm-snapshot.ts'
import { ageBoundary, type FleetRowInput, fleetRow, saysTheSame } from './fleet-row.ts'

const now = Date.UTC(2026, 10, 21, 12)
const gib = 2 ** 30

const gpus = [0, 1].map((index) => ({
  ...{ index, uuid: `GPU-${index}`, name: 'NVIDIA H100 80GB HBM3', pciBusId: '', memoryTotalBytes: 80 * gib },
}))
const node = (over: Partial<FleetNode> = {}): FleetNode => ({
  ...nodeDocument('gpu-1'),
  gpus,
  samples: [
    {
      index: 0,
      uuid: 'GPU-0',
      utilizationPercent: 90.4,
      memoryUsedBytes: 60 * gib,
      temperatureCelsius: 61,
      powerWatts: 612,
    },
    {
      index: 1,
      uuid: 'GPU-1',
      utilizationPercent: 41,
      memoryUsedBytes: 20 * gib,
      temperatureCelsius: 70.2,
      powerWatts: 401,
    },
  ],
  sampledAt: now - 5_000,
  load: { cpuPercent: 33.3, memoryPercent: 12.7 },
  lastHeartbeat: now - 5_000,
  ...over,
})
const row = (over: Partial<FleetRowInput> = {}) =>
  fleetRow({
    ...{ id: 'gpu-1', node: node(), record: slurmRecord('gpu-1', 'MIXED', 3), jobs: [], operation: undefined },
    ...{ slurm: 'fresh', place: undefined, silentAfterMs: 90_000, before: undefined, now },
    ...over,
  })

describe('a row', () => {
  it('has means in whole percents, the hottest GPU, and the power of all in steps of 10 W', () => {
    expect(row()).toMatchObject({
      ...{ gpu_percent: 66, gpu_memory_percent: 50, temperature: 70, power: 1010, cpu_percent: 33, memory_percent: 13 },
      ...{ state: 'mixed', gpus: 2, gpus_used: 3, gpu_type: 'h100' },
    })
  })

  it('does not know what nobody told lately', () => {
    const silent = row({ node: node({ sampledAt: now - 90_001, lastHeartbeat: now - 90_001 }), record: undefined })
    expect(silent).toMatchObject({ gpu_percent: null, gpu_memory_percent: null, temperature: null, power: null })
    expect(silent).toMatchObject({ cpu_percent: null, memory_percent: null, gpus_used: null, state: 'unknown' })
  })

  it('does not take a GPU that says nothing of its power for one that takes none', () => {
    expect(row({ node: node({ samples: [{ index: 0, powerWatts: 600 }] }) }).power).toBeNull()
  })

  it('says nothing of what only Slurm knows when its word is old', () => {
    const jobs = [slurmJob(7, 'RUNNING')]
    expect(row({ slurm: 'stale', jobs })).toMatchObject({ state: 'unknown', gpus_used: null, jobs: [], users: [] })
    expect(row({ jobs: [...jobs, slurmJob(6, 'RUNNING')] })).toMatchObject({ jobs: ['6', '7'], users: ['ada'] })
  })

  it('takes slurmd’s figures where there is no agent', () => {
    const record = slurmRecord('gpu-1', 'IDLE', 0, {
      CPULoad: '24.0',
      FreeMem: '250000',
      LastBusyTime: '2026-11-21T11:00:00',
    })
    expect(row({ node: undefined, record })).toMatchObject({
      ...{ cpu_percent: 25, memory_percent: 75, health: 'unknown', seen_at: null, pool: '', gpus: 8 },
      since: '2026-11-21T11:00:00.000Z',
    })
  })

  it.each([
    [{ rack: 'r7', switch: 's2' }, {}, 'r7', 's2'],
    [{}, { AvailableFeatures: 'hopper,rack-r9,switch-s4' }, 'r9', 's4'],
    [{}, { AvailableFeatures: 'rack12' }, 'rack12', ''],
    [{ rack: 'r7' }, { AvailableFeatures: 'rack-r9' }, 'r7', ''],
    [{}, {}, '', ''],
  ])('is placed by the labels %j, then by the features %j', (labels, features, rack, where) => {
    const record = slurmRecord('gpu-1', 'IDLE', 0, features as Record<string, string>)
    expect(row({ node: node({ labels: labels as Record<string, string> }), record })).toMatchObject({
      rack,
      switch: where,
    })
  })

  it.each([
    [{}, 'rack-r7,switch_s2'],
    [{}, 'RACK=r7'],
    [{}, 'rack7'],
    [{ rack: 'r1' }, 'rack-r7'],
    [{}, 'hopper'],
  ])('is where alerts say it is, with the labels %j and the features %j', (labels, features) => {
    const record = slurmRecord('gpu-1', 'IDLE', 0, { AvailableFeatures: features })
    const placed = node({ labels: labels as Record<string, string> })
    const place = { rack: 'b1', switch: 's1' }
    const { rack, switch: leaf } = row({ node: placed, record, place })
    expect(placeLabels('gpu-1', placed, record, place)).toEqual({ node: 'gpu-1', pool: 'train', rack, switch: leaf })
  })

  it('is placed by Slurm’s topology where neither labels nor features say it', () => {
    const place = { rack: 'b1', switch: 's1' }
    const record = slurmRecord('gpu-1', 'IDLE', 0, { AvailableFeatures: 'rack-r9' })
    expect(row({ place })).toMatchObject({ rack: 'b1', switch: 's1' })
    expect(row({ place, record })).toMatchObject({ rack: 'r9', switch: 's1' })
    expect(row({ place, record, node: node({ labels: { rack: 'r7' } }) })).toMatchObject({ rack: 'r7', switch: 's1' })
  })

  it('keeps when its state began, and begins anew with another state', () => {
    const first = row()
    const later = row({ before: first, now: now + 60_000 })
    expect(later.since).toBe(first.since)
    const drained = row({
      before: later,
      record: slurmRecord('gpu-1', 'IDLE+DRAIN', 0, { Reason: 'fan [root@2026-11-21T11:30:00]' }),
    })
    expect(drained).toMatchObject({
      state: 'drained',
      owner: 'person',
      reason: 'fan',
      since: '2026-11-21T11:30:00.000Z',
    })
  })

  it('does not change by a heartbeat alone', () => {
    const before = row()
    expect(row({ node: node({ lastHeartbeat: now - 1_000 }), before })).toEqual(before)
  })
})

it.each([
  ['the same', {}, true],
  ['a little more load than a whole percent shows', { CPULoad: '24.1' }, true],
  ['more load', { CPULoad: '30.0' }, false],
  ['a little less memory', { FreeMem: '250010' }, true],
  ['less memory', { FreeMem: '150000' }, false],
  ['another reason', { Reason: 'fan' }, false],
])('a look that says %s: %j, changes no row: %j', (_, fields, same) => {
  const before = { CPULoad: '24.0', FreeMem: '250000' }
  const record = (more: Record<string, string>) => slurmRecord('gpu-1', 'IDLE', 0, { ...before, ...more })
  expect(saysTheSame(record({}), record(fields as Record<string, string>))).toBe(same)
})

it('a row is looked at again when what the agent said grows old', () => {
  expect(ageBoundary(node(), 90_000, now)).toBe(now - 5_000 + 90_001)
  expect(ageBoundary(node({ sampledAt: now - 200_000 }), 90_000, now)).toBe(now - 5_000 + 90_001)
  expect(ageBoundary(undefined, 90_000, now)).toBe(Number.POSITIVE_INFINITY)
})
