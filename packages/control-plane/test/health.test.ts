import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import {
  FindingSchema,
  HeartbeatRequestSchema,
  RegisterNodeRequestSchema,
  ReportHealthRequestSchema,
} from '@navarch/api/control-plane'
import { silentLog } from '@navarch/system/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkHeartbeats } from '../src/reconcile/heartbeats.ts'
import { createWorld, poolSpec, type RunningPlane, type World } from './world.ts'

let dir: string
let world: World
let plane: RunningPlane
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-health-'))
  world = createWorld(join(dir, 'db'))
  plane = await world.start()
})
afterEach(() => {
  plane.kill()
  rmSync(dir, { recursive: true })
})

const register = (bootId = 'boot-1') =>
  plane.agents.register(create(RegisterNodeRequestSchema, { nodeId: 'gpu-9', pool: 'train', bootId }), '10.0.0.9')

const good = (reportId: string) =>
  plane.agents.report(create(ReportHealthRequestSchema, { nodeId: 'gpu-9', full: true, reportId }))

const bad = (xid: number, reportId: string, full = false) =>
  plane.agents.report(
    create(ReportHealthRequestSchema, {
      nodeId: 'gpu-9',
      reportId,
      full,
      findings: [
        create(FindingSchema, {
          id: `kmsg-${xid}`,
          source: 'kernel-log',
          code: `xid-${xid}`,
          xid,
          gpuIndex: 0,
          message: 'what the driver said',
          evidence: `NVRM: Xid (PCI:0000:3b:00): ${xid}, what the driver said`,
        }),
      ],
    }),
  )

const node = () => plane.fleet.nodes.get('gpu-9')

describe('a node', () => {
  it('is not healthy before its first full report', async () => {
    await register()
    expect(node()).toMatchObject({ pool: 'train', status: 'active', health: 'unknown' })
    await good('r1')
    expect(node()).toMatchObject({ health: 'healthy' })
  })

  it('must register before it may report', async () => {
    await expect(good('r1')).rejects.toMatchObject({ code: 'not_found' })
    const beat = create(HeartbeatRequestSchema, { nodeId: 'gpu-9' })
    expect(() => plane.agents.heartbeat(beat)).toThrow(/register first/)
  })

  it('has the load that its last heartbeat told, where the agent knew it', async () => {
    await register()
    const metrics = { cpuUsagePercent: 37.5, memoryUsagePercent: 0, gpuMetrics: [] }
    plane.agents.heartbeat(create(HeartbeatRequestSchema, { nodeId: 'gpu-9', metrics }))
    expect(node()?.load).toEqual({ cpuPercent: 37.5 })
    plane.agents.heartbeat(create(HeartbeatRequestSchema, { nodeId: 'gpu-9' }))
    expect(node()?.load).toEqual({})
  })

  it('is drained by a fatal fault at once, and left to a person when no machine of ours is behind it', async () => {
    await register()
    await good('r1')
    await bad(79, 'r2')
    expect([...plane.fleet.operations.values()]).toMatchObject([{ kind: 'drain', node: 'gpu-9', initiator: 'health' }])
    await world.clock.advance(5_000)
    expect(node()).toMatchObject({
      status: 'drained',
      health: 'unhealthy',
      healthReason: expect.stringContaining('XID 79'),
    })
  })

  it('is not drained by a fault of the program that ran on it', async () => {
    await register()
    await good('r1')
    await bad(13, 'r2')
    expect(plane.fleet.operations.size).toBe(0)
    expect(node()).toMatchObject({ status: 'active', health: 'healthy' })
    expect(node()?.findings).toMatchObject([{ code: 'xid-13', class: 'application' }])
  })

  it('is drained by a fault that asks for a reset with the second bad report, not the first', async () => {
    await register()
    await good('r1')
    await bad(48, 'r2')
    expect(node()).toMatchObject({ badReports: 1, health: 'degraded' })
    expect(plane.fleet.operations.size).toBe(0)
    await bad(48, 'r3', true)
    expect(plane.fleet.operations.size).toBe(1)
    expect(node()).toMatchObject({ badReports: 2, health: 'unhealthy' })
  })

  it('counts a report that comes twice once', async () => {
    await register()
    await good('r1')
    await bad(48, 'r2', true)
    await bad(48, 'r2', true)
    expect(node()).toMatchObject({ badReports: 1 })
  })

  it('keeps its fault and its status when its agent restarts', async () => {
    await register()
    await good('r1')
    await bad(79, 'r2')
    await world.clock.advance(5_000)
    await register()
    expect(node()).toMatchObject({ status: 'drained', health: 'unhealthy' })
  })

  it('becomes unknown after three missed heartbeats, and is not drained for that', async () => {
    await register()
    await good('r1')
    await world.clock.advance(91_000)
    await checkHeartbeats(plane.fleet, silentLog, { timeoutMs: 90_000, listeningSince: 0 }, world.clock.now())
    expect(node()).toMatchObject({ status: 'active', health: 'unknown', healthReason: 'no heartbeat for 1m31s' })
    expect(plane.fleet.operations.size).toBe(0)
    await good('r2')
    expect(node()).toMatchObject({ health: 'healthy' })
  })

  it('is not called silent for the time in which nobody listened', async () => {
    await register()
    await good('r1')
    await world.clock.advance(600_000)
    const listeningSince = world.clock.now() - 10_000
    await checkHeartbeats(plane.fleet, silentLog, { timeoutMs: 90_000, listeningSince }, world.clock.now())
    expect(node()).toMatchObject({ health: 'healthy' })
  })

  it('is left alone by automation after its replacement was cancelled', async () => {
    plane.kill()
    world = createWorld(join(dir, 'other'), poolSpec())
    plane = await world.start()
    await plane.engine.start({
      kind: 'provision',
      pool: 'train',
      node: 'gpu-9',
      reason: 'test',
      initiator: 'autoscaler',
    })
    await world.clock.advance(20_000)
    const operation = await plane.engine.start({
      kind: 'replace',
      pool: 'train',
      node: 'gpu-9',
      reason: 'test',
      initiator: 'operator',
    })
    await plane.engine.cancel(operation.id)
    await world.clock.advance(3_000)
    expect(plane.fleet.operations.size).toBe(0)
    expect(node()).toMatchObject({ status: 'drained', hold: { action: 'drain' } })
    await bad(79, 'fault')
    expect(plane.fleet.operations.size).toBe(0)
  })
})
