import { classifyXid } from '@navarch/core/health/classify-xid'
import { renderMetrics } from '@navarch/metrics/exposition'
import { silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { expect, it } from 'vitest'
import { memoryFleet, nodeDocument } from '../../test/memory-fleet.ts'
import { poolSpec } from '../../test/world.ts'
import { createProviderGate } from '../operations/provider-gate.ts'
import { createPools } from '../reconcile/pools.ts'
import { createCounters } from './counters.ts'
import { fleetMetrics } from './fleet-metrics.ts'

it('the metrics have the original names, and those that are promised beside them', async () => {
  const clock = createManualClock()
  const { fleet } = await memoryFleet(clock.now)
  const gpu = { index: 0, uuid: 'GPU-1', name: 'H100', pciBusId: '00000000:3B:00.0' }
  await fleet.commit([
    { kind: 'node', node: { ...nodeDocument('gpu-1'), gpus: [gpu, { ...gpu, index: 1 }] } },
    { kind: 'node', node: { ...nodeDocument('gpu-2'), health: 'unknown', status: 'draining' } },
  ])
  const config = { pools: [poolSpec()] }
  const counters = createCounters()
  counters.finding(classifyXid({ id: 'k1', node: 'gpu-1', xid: 79, message: '', evidence: '', at: 0 }, undefined))
  const pools = createPools({
    fleet,
    engine: {
      start: () => Promise.reject(new Error('not asked for')),
      withdraw: () => Promise.reject(new Error('not asked for')),
    },
    config,
    slurm: undefined,
    provider: () => undefined,
    gate: createProviderGate(() => 0.5),
    clock,
    log: silentLog,
    metrics: async () => undefined,
  })
  const slurm = { view: () => ({ failures: 2 }) }
  const text = renderMetrics(fleetMetrics({ fleet, config, pools, slurm, counters, now: clock.now }))
  const lines = text.split('\n')
  for (const line of [
    '# TYPE navarch_nodes_total untyped',
    'navarch_nodes_total{status="active"} 1',
    'navarch_nodes_total{status="draining"} 1',
    'navarch_node_health_status{node_id="gpu-1",status="healthy"} 1',
    'navarch_node_health_status{node_id="gpu-2",status="unknown"} NaN',
    'navarch_gpus_total{provider="fake"} 2',
    'navarch_nodes{health="healthy"} 1',
    'navarch_xid_errors_total{xid="79"} 1',
    'navarch_pool_nodes{pool="train",state="wanted"} 1',
    'navarch_pool_nodes{pool="train",state="ready"} 1',
    'navarch_pool_nodes{pool="train",state="busy"} 0',
    'navarch_slurm_failed_looks 2',
  ]) {
    expect(lines).toContain(line)
  }
  expect(text).toContain('# TYPE navarch_operations gauge')
  expect(text).toContain('# TYPE navarch_slurm_snapshot_age_seconds gauge')
  expect(text).toContain('# TYPE navarch_slurm_command_duration_seconds gauge')
})
