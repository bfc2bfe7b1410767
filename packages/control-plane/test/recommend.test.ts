import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { FindingSchema, RegisterNodeRequestSchema, ReportHealthRequestSchema } from '@navarch/api/control-plane'
import type { PoolMode } from '@navarch/core/pool/pool-spec'
import { silentLog } from '@navarch/system/log'
import { afterEach, describe, expect, it } from 'vitest'
import { createProviderGate } from '../src/operations/provider-gate.ts'
import { createPools } from '../src/reconcile/pools.ts'
import { createNodeService } from '../src/services/node-service.ts'
import { createWorld, poolSpec, type RunningPlane, type World } from './world.ts'

const { signal } = new AbortController()
let reports = 0
const dirs: string[] = []
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true })
})

async function start(mode: PoolMode, size: { minNodes: number; maxNodes: number } = { minNodes: 2, maxNodes: 4 }) {
  const dir = mkdtempSync(join(tmpdir(), 'navarch-recommend-'))
  dirs.push(dir)
  const pool = { ...poolSpec(), ...size, mode }
  const world = createWorld(join(dir, 'navarch.db'), pool)
  const plane = await world.start()
  return { world, plane, pool, pools: poolsOf(world, plane, pool) }
}

/** The reconciler over a running plane, with a pool that may have been configured anew. */
function poolsOf(world: World, { fleet, engine }: RunningPlane, pool: ReturnType<typeof poolSpec>) {
  return createPools({
    fleet,
    engine,
    config: { pools: [pool] },
    slurm: undefined,
    provider: () => world.provider,
    gate: createProviderGate(() => 0.5),
    clock: world.clock,
    log: silentLog,
    metrics: async () => undefined,
  })
}

const waiting = ({ fleet }: RunningPlane) =>
  [...fleet.operations.values()].filter(({ state }) => state === 'waiting_for_approval')

/** A node that registered and reports XID 79, which asks for its replacement. */
async function faultyNode({ plane, world }: { plane: RunningPlane; world: World }, name = 'gpu-1'): Promise<void> {
  await plane.agents.register(create(RegisterNodeRequestSchema, { nodeId: name, pool: 'train' }), '10.0.0.1')
  await report(plane, world, name)
}

async function report({ agents }: RunningPlane, { clock }: World, node = 'gpu-1'): Promise<void> {
  reports += 1
  await agents.report(
    create(ReportHealthRequestSchema, {
      nodeId: node,
      reportId: `r${reports}`,
      findings: [
        create(FindingSchema, {
          id: 'kmsg-79',
          source: 'kernel-log',
          code: 'xid-79',
          xid: 79,
          gpuIndex: 0,
          message: 'GPU has fallen off the bus',
          evidence: 'NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus',
        }),
      ],
    }),
  )
  await clock.advance(0)
}

async function until(world: World, done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !done(); turn++) await world.clock.advance(1_000)
  expect(done()).toBe(true)
}

describe('a pool in the mode recommend', () => {
  it('proposes new nodes, makes none, and proposes them once', async () => {
    const { plane, pools, world } = await start('recommend')
    await pools.reconcile()
    await pools.reconcile()
    expect(waiting(plane)).toMatchObject([
      { kind: 'provision', node: 'train-001', state: 'waiting_for_approval', approval: { state: 'waiting' } },
      { kind: 'provision', node: 'train-002' },
    ])
    await world.clock.advance(60_000)
    expect(await world.provider.list(signal)).toEqual([])
    expect([...plane.fleet.nodes.keys()]).toEqual([])
  })

  it('makes what is approved, and knows who approved it', async () => {
    const { plane, pools, world } = await start('recommend')
    await pools.reconcile()
    const [first] = waiting(plane)
    const begun = await plane.engine.approve(first?.id ?? '', 'ana')
    expect(begun).toMatchObject({ state: 'running', approval: { state: 'approved', by: 'ana' } })
    await until(world, () => !plane.fleet.operations.has(begun.id))
    expect(await plane.fleet.history.operation(begun.id)).toMatchObject({ state: 'succeeded', approval: { by: 'ana' } })
    await pools.reconcile()
    expect(waiting(plane)).toHaveLength(1)
    await expect(plane.engine.approve(begun.id, 'bo')).rejects.toThrow(
      `operation ${begun.id} does not wait for approval: it was approved by ana`,
    )
  })

  it('does not propose again what was rejected, as long as its cause is the same and for its time', async () => {
    const { plane, pools, world } = await start('recommend')
    await pools.reconcile()
    for (const { id } of waiting(plane)) await plane.engine.reject(id, 'bo', 'no budget')
    await pools.reconcile()
    expect(waiting(plane)).toEqual([])
    await world.clock.advance(3_600_000)
    await pools.reconcile()
    expect(waiting(plane)).toHaveLength(2)
  })

  it('says of a proposal that stands why it stands now, at most once a minute and without an event', async () => {
    const { plane, pools, world, pool } = await start('recommend')
    await pools.reconcile()
    const proposed = waiting(plane)
    const { fleet } = plane
    const grown = poolsOf(world, plane, { ...pool, minNodes: 3 })
    await grown.reconcile()
    const reasons = () => waiting(plane).map(({ reason }) => reason)
    expect(reasons()).toEqual(['below minimum: 0 < 2', 'below minimum: 0 < 2', 'below minimum: 0 < 3'])
    const told = fleet.lastSeq()
    await world.clock.advance(60_000)
    await grown.reconcile()
    expect(reasons()).toEqual(Array(3).fill('below minimum: 0 < 3'))
    expect(waiting(plane).slice(0, 2)).toMatchObject(proposed.map(({ id, createdAt }) => ({ id, createdAt })))
    expect(fleet.lastSeq()).toBe(told)
  })

  it('writes nothing for proposals whose reason is the same', async () => {
    const { plane, pools, world } = await start('recommend')
    await pools.reconcile()
    await world.clock.advance(60_000)
    let commits = 0
    plane.fleet.subscribe(() => commits++)
    await pools.reconcile()
    expect(commits).toBe(0)
  })

  it('keeps a rejection over kill -9', async () => {
    const { plane, pools, world, pool } = await start('recommend')
    await pools.reconcile()
    const [first, second] = waiting(plane)
    await plane.engine.reject(first?.id ?? '', 'bo', 'no budget')
    plane.kill()
    const again = await world.start()
    await poolsOf(world, again, pool).reconcile()
    expect(waiting(again).map(({ id }) => id)).toEqual([second?.id])
    const ended = await again.fleet.history.operation(first?.id ?? '')
    expect(ended).toMatchObject({ state: 'cancelled', approval: { state: 'rejected', by: 'bo', reason: 'no budget' } })
    expect(ended?.steps[0]).toMatchObject({ state: 'skipped', message: 'rejected by bo: no budget' })
  })

  it('withdraws what is not needed any more, and all of it when it is not asked any more', async () => {
    const { plane, pools, world, pool } = await start('recommend')
    await pools.reconcile()
    await poolsOf(world, plane, { ...pool, minNodes: 1 }).reconcile()
    expect(waiting(plane).map(({ node }) => node)).toEqual(['train-001'])
    await poolsOf(world, plane, { ...pool, mode: 'observe' }).reconcile()
    expect(waiting(plane)).toEqual([])
  })

  it('proposes to replace a faulty node, and leaves it as it is', async () => {
    const at = await start('recommend', { minNodes: 0, maxNodes: 4 })
    await faultyNode(at)
    expect(waiting(at.plane)).toMatchObject([{ kind: 'drain', node: 'gpu-1', initiator: 'health' }])
    await report(at.plane, at.world)
    expect(waiting(at.plane)).toHaveLength(1)
    expect(at.plane.fleet.nodes.get('gpu-1')).toMatchObject({ status: 'active', health: 'unhealthy' })
    const [proposal] = waiting(at.plane)
    const { fleet, engine } = at.plane
    const nodes = createNodeService({ fleet, engine, slurm: undefined, clock: at.world.clock })
    expect((await nodes.get('gpu-1')).operations).toEqual([proposal?.id])
    expect(nodes.list({})).toMatchObject([{ id: 'gpu-1', operations: [proposal?.id] }])
    await at.plane.engine.reject(proposal?.id ?? '', 'bo', 'it is a test')
    await report(at.plane, at.world)
    expect(waiting(at.plane)).toEqual([])
  })

  it('withdraws the proposal when the fault is gone', async () => {
    const at = await start('recommend', { minNodes: 0, maxNodes: 4 })
    await faultyNode(at)
    const node = at.plane.fleet.nodes.get('gpu-1')
    if (node) await at.plane.fleet.commit([{ kind: 'node', node: { ...node, health: 'healthy', findings: [] } }])
    await at.pools.reconcile()
    expect(waiting(at.plane)).toEqual([])
  })

  it('lets a person do at once what they want, and its own proposal makes way', async () => {
    const at = await start('recommend', { minNodes: 0, maxNodes: 4 })
    await faultyNode(at)
    const [proposal] = waiting(at.plane)
    const request = { kind: 'cordon', pool: 'train', node: 'gpu-1', reason: 'mine', initiator: 'operator' } as const
    await at.plane.engine.start(request)
    expect(await at.plane.fleet.history.operation(proposal?.id ?? '')).toMatchObject({
      state: 'cancelled',
      approval: { state: 'withdrawn' },
    })
  })

  it('cannot be cancelled, since nothing runs; that is said', async () => {
    const { plane, pools } = await start('recommend')
    await pools.reconcile()
    const [first] = waiting(plane)
    await expect(plane.engine.cancel(first?.id ?? '')).rejects.toThrow(/reject it, with: navarch operation reject/)
  })

  it('makes nothing twice and loses no approval, killed after any commit', async () => {
    for (let commits = 1; commits <= 12; commits += 1) {
      const dir = mkdtempSync(join(tmpdir(), 'navarch-recommend-'))
      dirs.push(dir)
      const pool = { ...poolSpec(), minNodes: 1, mode: 'recommend' as const }
      const world = createWorld(join(dir, 'navarch.db'), pool)
      const first = await world.start({ crashAfterCommits: commits })
      void poolsOf(world, first, pool).reconcile()
      await world.clock.advance(10)
      const [proposal] = waiting(first)
      if (proposal) void first.engine.approve(proposal.id, 'ana')
      await world.clock.advance(20_000)
      first.kill()

      const plane = await world.start()
      const pools = poolsOf(world, plane, pool)
      await pools.reconcile()
      for (const { id } of waiting(plane)) await plane.engine.approve(id, 'bo')
      await until(world, () => plane.fleet.operations.size === 0)
      expect(await world.provider.list(signal)).toHaveLength(1)
      expect([...plane.fleet.nodes.keys()]).toEqual(['train-001'])
      plane.kill()
    }
  })
})

describe('a pool in the mode observe', () => {
  it('decides and shows, and changes nothing', async () => {
    const at = await start('observe')
    await at.pools.reconcile()
    await faultyNode(at)
    await report(at.plane, at.world)
    await at.world.clock.advance(60_000)
    expect([...at.plane.fleet.operations.values()]).toEqual([])
    expect(await at.world.provider.list(signal)).toEqual([])
    const view = at.pools.view(at.pool)
    expect(view.decision).toMatchObject({ wanted: 2, actions: [{ kind: 'provision' }] })
    expect(at.pools.conditions(view)).toContainEqual(
      expect.objectContaining({
        type: 'Mode',
        reason: 'Observe',
        message: expect.stringContaining('it would go from'),
      }),
    )
    const events = await at.plane.fleet.history.eventsSince(0, 100)
    const shown = events.filter(({ type }) => type === 'observed')
    expect(shown).toMatchObject([{ node: 'gpu-1', message: expect.stringContaining('would drain: ') }])
  })
})
