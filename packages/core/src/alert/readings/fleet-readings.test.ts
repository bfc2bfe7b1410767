import { describe, expect, it } from 'vitest'
import type { FleetNode } from '../../node/node.ts'
import type { Operation } from '../../operation/operation.ts'
import {
  eccReadings,
  type FleetFacts,
  gpuReadings,
  gpuValues,
  healthReadings,
  silenceReadings,
  unattendedReadings,
  xidReadings,
} from './fleet-readings.ts'

const now = 10_000_000
const node = (change: Partial<FleetNode> = {}): FleetNode => ({
  ...{ id: 'gpu-1', pool: 'train', provider: '', region: '', zone: '', instanceType: '', status: 'active' },
  ...{ health: 'healthy', healthReason: '', recentReports: [], badReports: 0, gpus: [], samples: [], findings: [] },
  ...{ hostname: '', internalIp: '', externalIp: '', kernelVersion: '', labels: {}, agentVersion: '', bootId: '' },
  ...{ createdAt: 0, registeredAt: 1, lastHeartbeat: now - 1_000 },
  ...change,
})
const facts = (nodes: readonly FleetNode[], change: Partial<FleetFacts> = {}): FleetFacts => ({
  nodes,
  labelsOf: ({ id }) => ({ node: id }),
  operationOf: () => undefined,
  proposalOf: () => undefined,
  heartbeatTimeoutMs: 90_000,
  listeningSince: 0,
  now,
  ...change,
})

describe('readings of GPUs', () => {
  const samples = [{ index: 3, temperatureCelsius: 91, memoryUsedBytes: 2 ** 30 }, { index: 4 }]
  const gpus = [{ index: 3, uuid: '', name: '', pciBusId: '', memoryTotalBytes: 2 ** 32 }]

  it('have their units, and nothing where the GPU told nothing', () => {
    const known = node({ samples, gpus, sampledAt: now })
    const valuesOf = (metric: keyof typeof gpuValues) =>
      gpuReadings(facts([known]), gpuValues[metric]).values.map(({ value }) => value)
    expect(valuesOf('gpu_temperature')).toEqual([91, undefined])
    expect(valuesOf('gpu_memory_used')).toEqual([1024, undefined])
    expect(valuesOf('gpu_memory_percent')).toEqual([25, undefined])
  })

  it('are unknown, not gone, when the agent was not heard of lately', () => {
    const silent = node({ samples, sampledAt: now - 90_001 })
    const { values } = gpuReadings(facts([silent]), gpuValues.gpu_temperature)
    expect(values.map(({ key, value }) => [key, value])).toEqual([
      ['gpu-1/3', undefined],
      ['gpu-1/4', undefined],
    ])
  })
})

describe('silence', () => {
  it('is the time since the last heartbeat', () => {
    expect(silenceReadings(facts([node({ lastHeartbeat: now - 301_000 })])).values).toMatchObject([{ value: 301 }])
  })

  it('is not known right after a start, until the node is heard or had time to be', () => {
    const quiet = node({ lastHeartbeat: now - 301_000 })
    const valueAt = (listeningSince: number, change: Partial<FleetNode> = {}) =>
      silenceReadings(facts([{ ...quiet, ...change }], { listeningSince })).values[0]?.value
    expect(valueAt(now - 90_000)).toBeUndefined()
    expect(valueAt(now - 90_001)).toBe(301)
    expect(valueAt(now - 10_000, { lastHeartbeat: now - 5_000 })).toBe(5)
  })

  it('is nothing of a machine that Navarch is making or giving up, but for what only waits for a word', () => {
    const doing = (change: Partial<Operation>) =>
      silenceReadings(
        facts([node()], { operationOf: () => ({ kind: 'replace', state: 'running', ...change }) as Operation }),
      )
    expect(doing({}).values).toEqual([])
    expect(doing({ state: 'waiting_for_approval' }).values).toHaveLength(1)
    expect(doing({ kind: 'drain' }).values).toHaveLength(1)
  })

  it('is nothing of a node that never registered, or is no more', () => {
    const { registeredAt: _, ...unregistered } = node()
    expect(silenceReadings(facts([unregistered, node({ status: 'terminated' })])).values).toEqual([])
  })
})

describe('faults', () => {
  const finding = (code: string, gpuIndex: number, xid?: number) => ({
    ...{ id: `${code}${gpuIndex}`, node: 'gpu-1', source: 'kernel-log' as const, code, class: 'drain-reset' as const },
    ...{ fatal: false, gpuIndex, message: code, evidence: '', at: 0, count: 2, lastSeenAt: 0, ...(xid && { xid }) },
  })

  it('have a value for each XID of each GPU, which is its code', () => {
    const faulty = node({
      findings: [finding('xid-79', 3, 79), finding('xid-13', 4, 13), finding('thermal-margin', 4)],
    })
    expect(xidReadings(facts([faulty])).values.map(({ key, value, labels }) => [key, value, labels['gpu']])).toEqual([
      ['gpu-1/3/79', 79, '3'],
      ['gpu-1/4/13', 13, '4'],
    ])
  })

  it('count uncorrected memory errors by GPU', () => {
    const faulty = node({
      findings: [finding('xid-48', 3, 48), finding('ecc-uncorrected', 3), finding('xid-13', 3, 13)],
    })
    expect(eccReadings(facts([faulty])).values.map(({ key, value }) => [key, value])).toEqual([['gpu-1/3', 2]])
  })

  it('are unattended while what would mend them waits for approval, and say so', () => {
    const faulty = node({ health: 'unhealthy', healthReason: 'XID 79' })
    const noteOf = (change: Partial<FleetFacts>) => unattendedReadings(facts([faulty], change)).values[0]
    expect(noteOf({})).toMatchObject({ value: 1, note: 'XID 79; nobody is at it' })
    const proposal = { id: 'op7', kind: 'replace', state: 'waiting_for_approval' } as Operation
    expect(noteOf({ proposalOf: () => proposal })).toMatchObject({
      value: 1,
      note: 'XID 79; its replace waits for approval (operation op7)',
    })
    expect(noteOf({ operationOf: () => proposal })).toMatchObject({ value: 0 })
  })

  it('health that is unknown is no number', () => {
    const nodes = [node(), node({ id: 'gpu-2', health: 'unhealthy' }), node({ id: 'gpu-3', health: 'unknown' })]
    expect(healthReadings(facts(nodes)).values.map(({ value }) => value)).toEqual([0, 2, undefined])
  })
})
