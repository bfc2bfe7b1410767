import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AlertRoute } from '@navarch/core/alert/alert-route'
import type { ReceiverSpec } from '@navarch/core/alert/alerts-spec'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { placesOf } from '../../src/slurm/places.ts'
import { nodeDocument } from '../memory-fleet.ts'
import { createWorld, type RunningPlane, type World } from '../world.ts'
import { type AlertPlane, startAlertPlane, surroundings } from './alert-plane.ts'

const hook: ReceiverSpec = {
  ...{ type: 'webhook', name: 'hook', timeoutMs: 5_000, headers: {} },
  url: { kind: 'text', text: 'http://hook/' },
}
const byRack: AlertRoute = {
  ...{ name: 'all', matchers: [], receivers: ['hook'], groupBy: ['rule', 'rack'], groupWaitMs: 10_000 },
  ...{ groupIntervalMs: 300_000, repeatIntervalMs: 14_400_000, sendResolved: true, escalation: [], continue: false },
}

let dir: string
let world: World
let plane: RunningPlane
let running: AlertPlane
let titles: string[]
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-alerts-'))
  world = createWorld(join(dir, 'db'))
  plane = await world.start()
  titles = []
  const around = {
    ...surroundings(),
    fetch: (async (_, init) => {
      titles.push(JSON.parse(String(init?.body)).title)
      return new Response('ok')
    }) satisfies typeof fetch,
    places: placesOf([
      { kind: 'block', name: 'b1', nodes: 'gpu-[1-2]' },
      { kind: 'block', name: 'b2', nodes: 'gpu-[3-4]' },
    ]),
  }
  running = await startAlertPlane(world, plane, around, { receivers: [hook], routes: [byRack] })
})
afterEach(() => {
  running.stop()
  plane.kill()
  rmSync(dir, { recursive: true })
})

/** Takes an XID 79 to each of the nodes, and lets all be told. */
async function breakNodes(...ids: string[]): Promise<void> {
  const finding = { source: 'kernel-log', code: 'xid-79', xid: 79, class: 'drain-replace', fatal: true } as const
  const message = { gpuIndex: 0, message: 'XID 79', evidence: '', at: 0, count: 1, lastSeenAt: 0 }
  await plane.fleet.commit(
    ids.map((id) => {
      const findings = [{ id: `f-${id}`, node: id, ...finding, ...message }]
      return { kind: 'node', node: { ...nodeDocument(id), health: 'unhealthy', findings } }
    }),
  )
  for (let turn = 0; turn < 4; turn++) await world.clock.advance(15_000)
}

describe('alerts of nodes whose racks only Slurm’s topology knows', () => {
  it('are told by rack', async () => {
    await breakNodes('gpu-1', 'gpu-2', 'gpu-3', 'gpu-4')
    expect(titles.filter((title) => title.includes('GpuFellOffBus')).sort()).toEqual([
      '[critical] GpuFellOffBus: 2 alerts, all on rack b1',
      '[critical] GpuFellOffBus: 2 alerts, all on rack b2',
    ])
  })

  it('are silenced by rack', async () => {
    const endsAt = world.clock.now() + 3_600_000
    const matchers = [{ label: 'rack', op: '=', value: 'b1' } as const]
    const silence = await running.service.addSilence(
      { matchers, startsAt: world.clock.now(), endsAt, reason: 'cooling' },
      'ana',
    )
    await breakNodes('gpu-1', 'gpu-3')
    const silenced = running
      .list({ rule: 'GpuFellOffBus' })
      .map(({ labels, silenced_by }) => [labels['node'], silenced_by])
    expect(Object.fromEntries(silenced)).toEqual({ 'gpu-1': silence.id, 'gpu-3': null })
  })
})
