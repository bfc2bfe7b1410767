import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { FindingSchema, ReportHealthRequestSchema } from '@navarch/api/control-plane'
import type { SlurmNaming } from '@navarch/core/operation/operation'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { jobIn } from './slurm-double.ts'
import { createWorld, type RunningPlane, type World } from './world.ts'

let dir: string
let world: World
let plane: RunningPlane
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-slurm-'))
  world = createWorld(join(dir, 'db'))
  plane = await world.start({ withSlurm: true })
})
afterEach(() => {
  plane.kill()
  rmSync(dir, { recursive: true })
})

const signal = new AbortController().signal
const node = () => plane.fleet.nodes.get('gpu-1')
function inSlurm() {
  const found = world.slurm.nodes.get('gpu-1')
  if (!found) throw new Error('gpu-1 is not in Slurm')
  return found
}
const start = (kind: 'provision' | 'replace' | 'scale-down' | 'cordon' | 'drain', slurmName?: SlurmNaming) =>
  plane.engine.start({
    kind,
    pool: 'train',
    node: 'gpu-1',
    reason: 'test',
    initiator: 'operator',
    ...(slurmName && { facts: { slurmName } }),
  })
async function provisioned(): Promise<void> {
  world.slurm.nodes.set('gpu-1', { state: 'DOWN', reason: 'Not responding', jobs: [] })
  await start('provision', 'static')
  await world.clock.advance(20_000)
  expect(node()).toMatchObject({ status: 'active', machine: { id: 'fake-1' } })
  expect(inSlurm().state).toBe('IDLE')
}
const busGone = () =>
  plane.agents.report(
    create(ReportHealthRequestSchema, {
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
    }),
  )

describe('a new host', () => {
  it('leaves a name to the person who took it out of service meanwhile', async () => {
    world.slurm.nodes.set('gpu-1', { state: 'DOWN', reason: 'Not responding', jobs: [] })
    await start('provision', 'static')
    await world.clock.advance(1_000)
    Object.assign(inSlurm(), { state: 'DOWN', reason: 'bad PSU' })
    await world.clock.advance(30_000)
    expect(inSlurm()).toMatchObject({ state: 'DOWN', reason: 'bad PSU' })
  })

  it('is not taken back from under a job that began on its CLOUD name', async () => {
    world.slurm.nodes.set('gpu-1', { state: 'ALLOCATED+CLOUD+POWERING_UP', jobs: [jobIn('CONFIGURING')] })
    const { id } = await start('provision', 'cloud')
    await world.clock.advance(10_000)
    expect(plane.fleet.operations.get(id)?.step).toBe('register')
    Object.assign(inSlurm(), { state: 'ALLOCATED+CLOUD+NOT_RESPONDING', jobs: [jobIn('RUNNING')] })
    await plane.engine.cancel(id)
    await world.clock.advance(60_000)
    expect(await world.provider.list(signal)).toHaveLength(1)
    expect(plane.fleet.operations.get(id)?.state).toBe('waiting')
    inSlurm().jobs = []
    await world.clock.advance(60_000)
    expect(await world.provider.list(signal)).toEqual([])
  })

  it('keeps a fault that its agent reports while Slurm is asked', async () => {
    world.slurm.nodes.set('gpu-1', { state: 'DOWN', reason: 'Not responding', jobs: [] })
    let reported = false
    world.slurm.onShow = async () => {
      const returning = plane.fleet.operationOf('gpu-1')?.step === 'return'
      if (!returning || reported || inSlurm().state !== 'IDLE') return
      reported = true
      await busGone()
    }
    await start('provision', 'static')
    for (let turn = 0; turn < 100 && !(reported && plane.fleet.operations.size === 0); turn++) {
      await world.clock.advance(200)
    }
    expect(node()).toMatchObject({ findings: [{ code: 'xid-79' }] })
  })
})

describe('a node', () => {
  it('goes back to an operator who cordoned it when it is not given up after all', async () => {
    await provisioned()
    const held = node()
    if (!held) throw new Error('gpu-1 is gone')
    const hold = { action: 'cordon' as const, reason: 'mine', since: 0 }
    await plane.fleet.commit([{ kind: 'node', node: { ...held, hold } }])
    await start('cordon')
    await world.clock.advance(1_000)
    await start('scale-down')
    await world.clock.advance(500)
    inSlurm().jobs = [jobIn('RUNNING')]
    await world.clock.advance(10_000)
    expect(plane.fleet.operations.size).toBe(0)
    expect(inSlurm().state).toBe('IDLE+DRAIN')
    expect(node()).toMatchObject({ status: 'cordoned', hold })
  })

  it('returns to service when it got a job before it could be given up', async () => {
    await provisioned()
    await start('scale-down')
    await world.clock.advance(500)
    inSlurm().jobs = [jobIn('RUNNING')]
    await world.clock.advance(10_000)
    expect(inSlurm().state).toBe('IDLE')
    expect(node()).toMatchObject({ status: 'active', machine: { id: 'fake-1' } })
  })

  it('is drained again when its drain is lifted while its jobs are waited for', async () => {
    await provisioned()
    inSlurm().jobs = [jobIn('RUNNING')]
    await start('drain')
    await world.clock.advance(1_000)
    expect(inSlurm().state).toBe('IDLE+DRAIN')
    Object.assign(inSlurm(), { state: 'MIXED' })
    await world.clock.advance(10_000)
    expect(inSlurm()).toMatchObject({ state: 'MIXED+DRAIN', reason: 'navarch: test' })
  })

  it('whose replacement was cancelled stays drained, in the fleet as in Slurm', async () => {
    await provisioned()
    inSlurm().jobs = [jobIn('RUNNING')]
    const { id } = await start('replace')
    await world.clock.advance(1_000)
    await plane.engine.cancel(id)
    await world.clock.advance(1_000)
    expect(plane.fleet.operations.size).toBe(0)
    expect(inSlurm().state).toBe('IDLE+DRAIN')
    expect(node()).toMatchObject({ status: 'drained', hold: { action: 'drain' } })
  })

  it('whose drain was cancelled stays cordoned, in the fleet as in Slurm', async () => {
    await provisioned()
    inSlurm().jobs = [jobIn('RUNNING')]
    const present = node()
    if (!present) throw new Error('gpu-1 is gone')
    const hold = { action: 'drain' as const, reason: 'mine', since: 0 }
    await plane.fleet.commit([{ kind: 'node', node: { ...present, hold } }])
    const { id } = await start('drain')
    await world.clock.advance(1_000)
    await plane.engine.cancel(id)
    await world.clock.advance(1_000)
    expect(inSlurm().state).toBe('IDLE+DRAIN')
    expect(node()).toMatchObject({ status: 'cordoned', hold: { action: 'cordon', reason: 'mine' } })
  })

  it('is replaced under its name, which the operation remembers for a retry', async () => {
    await provisioned()
    const { id } = await start('replace')
    await world.clock.advance(30_000)
    expect(await plane.fleet.history.operation(id)).toMatchObject({
      state: 'succeeded',
      facts: { slurmName: 'static' },
    })
    expect(node()).toMatchObject({ status: 'active', machine: { id: 'fake-2' } })
    expect(inSlurm().state).toBe('IDLE')
  })

  it('in hand of an operation is refused to another, with what to do', async () => {
    await provisioned()
    inSlurm().jobs = [jobIn('RUNNING')]
    const { id } = await start('drain')
    await expect(start('cordon')).rejects.toThrow(`wait for it, or end it with: navarch operation cancel ${id}`)
  })
})

describe('the drain of a name in Slurm', () => {
  it.each([
    ['ALLOCATED+CLOUD+POWERING_UP', undefined, 'absent'],
    ['IDLE+CLOUD+POWERED_DOWN', undefined, 'absent'],
    ['MIXED+CLOUD', undefined, 'ours'],
    ['MIXED+CLOUD+NOT_RESPONDING', undefined, 'ours'],
    ['FUTURE', undefined, 'absent'],
    ['IDLE+DRAIN', 'Kill task failed', 'theirs'],
    ['IDLE+DRAIN', 'kernel update', 'theirs'],
    ['DOWN', 'kernel update', 'theirs'],
    ['DOWN', 'Not responding', 'ours'],
  ])('that is %s because of "%s" is %s', async (state, reason, kind) => {
    world.slurm.nodes.set('gpu-1', { state, jobs: [], ...(reason !== undefined && { reason }) })
    expect(await world.slurm.link.drain('gpu-1', 'test')).toMatchObject({ kind })
    expect(inSlurm().state.includes('DRAIN')).toBe(kind === 'ours' || state.includes('DRAIN'))
  })
})
