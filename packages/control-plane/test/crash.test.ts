import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { FindingSchema, RegisterNodeRequestSchema, ReportHealthRequestSchema } from '@navarch/api/control-plane'
import { ProviderError } from '@navarch/providers/provider'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, type RunningPlane, type World } from './world.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-crash-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const signal = new AbortController().signal
const busGone = create(ReportHealthRequestSchema, {
  nodeId: 'gpu-1',
  reportId: 'fault',
  findings: [
    create(FindingSchema, {
      id: 'kmsg-1',
      source: 'kernel-log',
      code: 'xid-79',
      xid: 79,
      gpuIndex: 0,
      message: 'GPU has fallen off the bus.',
      evidence: 'NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.',
    }),
  ],
})

async function provision(world: World): Promise<RunningPlane> {
  const plane = await world.start()
  await plane.engine.start({
    kind: 'provision',
    pool: 'train',
    node: 'gpu-1',
    reason: 'test',
    initiator: 'autoscaler',
    facts: { slurmName: 'none' },
  })
  await world.clock.advance(20_000)
  return plane
}

describe('an operation', () => {
  it('provisions a node', async () => {
    const world = createWorld(join(dir, 'db'))
    const plane = await provision(world)
    expect(plane.fleet.operations.size).toBe(0)
    expect(plane.fleet.nodes.get('gpu-1')).toMatchObject({
      status: 'active',
      health: 'healthy',
      machine: { id: 'fake-1' },
    })
    plane.kill()
  })

  it('replaces the machine of a node whose GPU fell off the bus', async () => {
    const world = createWorld(join(dir, 'db'))
    const plane = await provision(world)
    await plane.agents.report(busGone)
    await world.clock.advance(30_000)
    expect(plane.fleet.operations.size).toBe(0)
    expect(plane.fleet.nodes.get('gpu-1')).toMatchObject({
      status: 'active',
      health: 'healthy',
      machine: { id: 'fake-2' },
    })
    expect(plane.fleet.poolMemory('train').quarantine).toEqual(['fake-1'])
    plane.kill()
  })

  it('finishes with one machine, wherever the control plane was killed, and however often', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 14 }), { minLength: 1, maxLength: 5 }), async (crashes) => {
        const path = join(dir, `${Math.random()}.db`)
        const world = createWorld(path)
        let plane = await provision(world)
        await plane.agents.report(busGone)
        plane.kill()
        for (const crashAfterCommits of crashes) {
          plane = await world.start({ crashAfterCommits })
          await world.clock.advance(7_000)
          plane.kill()
        }
        plane = await world.start()
        await world.clock.advance(120_000)
        const machines = await world.provider.list(signal)
        const [operation] = await plane.fleet.history.operations(1)
        const node = plane.fleet.nodes.get('gpu-1')
        plane.kill()
        expect(operation).toMatchObject({ kind: 'replace', state: 'succeeded' })
        expect(machines.map((machine) => machine.id)).toEqual(['fake-2'])
        expect(node).toMatchObject({ status: 'active', health: 'healthy', machine: { id: 'fake-2' } })
      }),
      { numRuns: 40 },
    )
  }, 120_000)

  it('gives a machine that was long in coming its whole time to boot', async () => {
    const world = createWorld(join(dir, 'db'))
    world.provider.failNext('launch', new ProviderError('capacity', 'none left', { retryAfterMs: 600_000 }))
    const plane = await provision(world)
    await world.clock.advance(640_000)
    expect(plane.fleet.nodes.get('gpu-1')).toMatchObject({ status: 'active', machine: { id: 'fake-1' } })
    plane.kill()
  })

  it('does not ask a provider that fails before its time, whatever news come', async () => {
    const world = createWorld(join(dir, 'db'))
    const capacity = new ProviderError('capacity', 'none left', { retryAfterMs: 600_000 })
    world.provider.failNext('launch', capacity)
    const plane = await provision(world)
    for (let news = 0; news < 5; news++) {
      plane.engine.wake('gpu-1')
      await world.clock.advance(1_000)
    }
    expect(await world.provider.list(signal)).toEqual([])
    plane.kill()
  })

  it('gives a machine that comes with a fault back, never to be used again, and tries another', async () => {
    const world = createWorld(join(dir, 'db'))
    const plane = await world.start()
    const request = { kind: 'provision', pool: 'train', node: 'gpu-1', reason: 'test', initiator: 'operator' } as const
    await plane.engine.start(request)
    await world.clock.advance(100)
    const registration = create(RegisterNodeRequestSchema, { nodeId: 'gpu-1', bootId: 'boot-fake-1' })
    await plane.agents.register(registration, '10.0.0.1')
    await plane.agents.report(busGone)
    await world.clock.advance(30_000)
    expect(plane.fleet.nodes.get('gpu-1')).toMatchObject({ status: 'active', machine: { id: 'fake-2' } })
    expect((await world.provider.list(signal)).map((machine) => machine.id)).toEqual(['fake-2'])
    expect(plane.fleet.poolMemory('train').quarantine).toEqual(['fake-1'])
    plane.kill()
  })

  it('leaves no machine behind when it is cancelled while it provisions', async () => {
    const world = createWorld(join(dir, 'db'))
    const plane = await world.start()
    const { id } = await plane.engine.start({
      kind: 'provision',
      pool: 'train',
      node: 'gpu-1',
      reason: 'test',
      initiator: 'operator',
    })
    await world.clock.advance(1_000)
    expect(await world.provider.list(signal)).toHaveLength(1)
    await plane.engine.cancel(id)
    await world.clock.advance(10_000)
    expect(await world.provider.list(signal)).toEqual([])
    expect(await plane.fleet.history.operation(id)).toMatchObject({ state: 'cancelled' })
    expect(plane.fleet.nodes.size).toBe(0)
    plane.kill()
  })
})
