import { describe, expect, it } from 'vitest'
import { metricDefinition } from './alert-metrics.ts'
import { rulesInForce } from './alert-rule.ts'
import { defaultRules } from './default-rules.ts'
import { ruleOf } from './test-alerts.ts'

describe('the built-in rules', () => {
  it('have names, ids and words of their own', () => {
    expect(new Set(defaultRules.map((rule) => rule.name)).size).toBe(defaultRules.length)
    for (const rule of defaultRules) {
      expect(rule.id).toBe(`default-${rule.name}`)
      expect(rule.meaning, rule.name).toMatch(/\.$/)
      expect(rule.action, rule.name).toMatch(/[.:]$|\.$/)
    }
  })

  it('name rules that exist when they say what explains them, and none explains itself', () => {
    const names = defaultRules.map((rule) => rule.name)
    for (const rule of defaultRules) {
      for (const name of rule.inhibitedBy) expect(names).toContain(name)
      expect(rule.inhibitedBy).not.toContain(rule.name)
    }
  })

  it('have thresholds that their metric can reach', () => {
    for (const { metric, condition, threshold } of defaultRules) {
      const { unit } = metricDefinition(metric)
      if (unit === '%') expect(threshold > 0 && threshold < 100, metric).toBe(true)
      if (condition === 'lt') expect(threshold).toBeGreaterThan(0)
    }
  })

  it.each([
    ['GpuHot', 'gpu_temperature', 'gt', 83, 300_000],
    ['GpuFellOffBus', 'xid', 'eq', 79, 0],
    ['NodeSilent', 'node_silent_seconds', 'gt', 300, 0],
    ['SlurmControllerDown', 'slurm_up', 'eq', 0, 300_000],
    ['SlurmNodesUnavailable', 'slurm_nodes_free_for_pending', 'lt', 1, 600_000],
    ['DatabaseConnectionsHigh', 'database_connections_percent', 'gt', 80, 300_000],
    ['SlurmControllerUptimeLow', 'slurm_availability_percent', 'lt', 99.9, 0],
    ['NodeAvailabilityLow', 'nodes_available_percent', 'lt', 90, 600_000],
    ['JobWaitTimeLong', 'job_wait_seconds', 'gt', 3600, 300_000],
    ['VolumeUsageHigh', 'volume_used_percent', 'gt', 80, 300_000],
    ['CapacityLow', 'cluster_free_percent', 'lt', 10, 1_800_000],
  ])('keep the promise of %s', (name, metric, condition, threshold, forMs) => {
    const rule = defaultRules.find((each) => each.name === name)
    expect(rule).toMatchObject({ metric, condition, threshold, forMs })
  })
})

it('a rule takes the place of one before it with its name', () => {
  const mine = ruleOf({ id: 'mine', name: 'GpuHot', threshold: 90 })
  const rules = rulesInForce(defaultRules, [mine])
  expect(rules).toHaveLength(defaultRules.length)
  expect(rules.filter((rule) => rule.name === 'GpuHot')).toEqual([mine])
})
