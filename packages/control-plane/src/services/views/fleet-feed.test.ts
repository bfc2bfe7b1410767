import type { FleetDeltaJson, FleetJson, FleetNodeJson } from '@navarch/api/views'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { memoryFleet, nodeDocument } from '../../../test/memory-fleet.ts'
import { slurmRecord, snapshotOf } from '../../../test/slurm-snapshot.ts'
import { createFleetFeed, type LiveMessage } from './fleet-feed.ts'
import { createFleetRows } from './fleet-rows.ts'
import { bringUpToDate } from './up-to-date.ts'

async function open() {
  const clock = createManualClock()
  const { fleet } = await memoryFleet(clock.now)
  const slurm = { state: 'fresh' as 'fresh' | 'stale', snapshot: undefined as SlurmSnapshot | undefined }
  const looks = new Set<() => void>()
  const rows = createFleetRows({ fleet, slurm: () => slurm, silentAfterMs: 90_000, now: clock.now })
  const ended = new AbortController()
  const feed = createFleetFeed({
    rows,
    fleet,
    slurm: {
      onLook(listener) {
        looks.add(listener)
        return () => looks.delete(listener)
      },
    },
    upToDate: () => bringUpToDate(rows, async () => {}),
    freshness: () => ({ slurm_at: null, slurm_every: 1, slurm_problem: null, now: String(clock.now()) }),
    clock,
    signal: ended.signal,
  })
  const look = (snapshot: SlurmSnapshot) => {
    slurm.snapshot = snapshot
    for (const listener of looks) listener()
  }
  const whole = async () => JSON.parse((await feed.full()).text) as FleetJson
  const put = (id: string, over: Partial<ReturnType<typeof nodeDocument>> = {}) =>
    fleet.commit([{ kind: 'node', node: { ...nodeDocument(id), ...over } }])
  return { clock, fleet, slurm, rows, feed, look, whole, put, ended }
}

/** Applies what a follower is sent, as a page does. */
function createPage(messages: AsyncGenerator<LiveMessage, void, undefined>) {
  const nodes = new Map<string, FleetNodeJson>()
  const seen: LiveMessage[] = []
  let revision = 0
  const done = (async () => {
    for await (const message of messages) {
      seen.push(message)
      if (message.kind !== 'fleet') continue
      const news: FleetDeltaJson | FleetJson = JSON.parse(message.text)
      if ('nodes' in news) {
        nodes.clear()
        for (const node of news.nodes) nodes.set(node.id, node)
      } else {
        for (const node of news.changed) nodes.set(node.id, node)
        for (const id of news.removed) nodes.delete(id)
      }
      revision = news.revision
    }
  })()
  return { nodes, seen, revision: () => revision, done }
}

describe('the whole fleet', () => {
  it('has the nodes of the fleet and those that only Slurm knows, and no empty names', async () => {
    const { put, look, whole } = await open()
    await put('gpu-1')
    await put('gone', { status: 'terminated' })
    look(
      snapshotOf(0, [
        slurmRecord('gpu-1', 'IDLE'),
        slurmRecord('gpu-2', 'ALLOCATED', 8),
        slurmRecord('gpu-3', 'FUTURE'),
      ]),
    )
    expect((await whole()).nodes.map(({ id, state, pool }) => [id, state, pool])).toEqual([
      ['gpu-1', 'idle', 'train'],
      ['gpu-2', 'busy', ''],
    ])
  })

  it('has no node twice and none too few after any changes', async () => {
    const { put, look, whole, fleet } = await open()
    look(snapshotOf(0, [slurmRecord('a', 'IDLE'), slurmRecord('b', 'IDLE')]))
    await put('b')
    await put('c')
    look(snapshotOf(1, [slurmRecord('b', 'DOWN')]))
    await fleet.commit([{ kind: 'node-removed', id: 'c' }])
    expect((await whole()).nodes.map(({ id, state }) => [id, state])).toEqual([['b', 'down']])
  })

  it('becomes unknown where only Slurm could know, once Slurm’s word is old', async () => {
    const { look, whole, slurm, clock, put } = await open()
    await put('a', { status: 'draining' })
    look(snapshotOf(0, [slurmRecord('a', 'MIXED', 1), slurmRecord('b', 'IDLE')]))
    expect((await whole()).nodes.map(({ state }) => state)).toEqual(['draining', 'idle'])
    slurm.state = 'stale'
    await clock.advance(1_000)
    expect((await whole()).nodes.map(({ state }) => state)).toEqual(['draining', 'unknown'])
  })

  it('ages by itself: a silent agent’s figures go', async () => {
    const { whole, clock, put } = await open()
    await put('a', {
      samples: [{ index: 0, utilizationPercent: 50 }],
      sampledAt: clock.now(),
      lastHeartbeat: clock.now(),
    })
    expect((await whole()).nodes[0]?.gpu_percent).toBe(50)
    await clock.advance(91_000)
    expect((await whole()).nodes[0]?.gpu_percent).toBeNull()
  })

  it('keeps its revision when nothing changes', async () => {
    const { whole, put, look, clock, fleet } = await open()
    await put('a')
    look(snapshotOf(0, [slurmRecord('a', 'IDLE')]))
    const { revision } = await whole()
    look(snapshotOf(1, [slurmRecord('a', 'IDLE')]))
    const node = fleet.nodes.get('a')
    if (node) fleet.touch({ ...node })
    await clock.advance(5_000)
    expect((await whole()).revision).toBe(revision)
  })
})

describe('a follower', () => {
  it('sees a fault within a second, and what it has is the fleet', async () => {
    const { feed, put, look, whole, clock, ended } = await open()
    await put('a')
    look(snapshotOf(0, [slurmRecord('a', 'IDLE'), slurmRecord('b', 'IDLE')]))
    const page = createPage(feed.follow((await whole()).revision, ended.signal))
    await clock.advance(300)
    await put('a', { status: 'draining', health: 'unhealthy', healthReason: 'XID 79' })
    await clock.advance(1_000)
    expect(page.nodes.get('a')).toMatchObject({ state: 'draining', health: 'unhealthy', reason: 'XID 79' })
    // Nothing else was sent again.
    expect(page.nodes.has('b')).toBe(false)
    ended.abort()
    await page.done
  })

  it('gets everything first when it has nothing, or a revision of another process', async () => {
    const { feed, put, whole, clock, ended } = await open()
    await put('a')
    const fleet = await whole()
    for (const after of [undefined, 5, fleet.revision + 1000]) {
      const page = createPage(feed.follow(after, ended.signal))
      await clock.advance(10)
      expect([...page.nodes.values()]).toEqual(fleet.nodes)
    }
    ended.abort()
  })

  it('that was away for a while gets what it missed, removed nodes among it', async () => {
    const { feed, put, fleet, whole, clock, ended } = await open()
    for (const id of ['a', 'b', 'c']) await put(id)
    const { revision } = await whole()
    await put('a', { health: 'degraded' })
    await fleet.commit([{ kind: 'node-removed', id: 'b' }])
    await clock.advance(2_000)
    const page = createPage(feed.follow(revision, ended.signal))
    await clock.advance(10)
    const delta: FleetDeltaJson = JSON.parse(page.seen[0]?.text ?? '')
    expect(delta.changed.map(({ id }) => id)).toEqual(['a'])
    expect(delta.removed).toEqual(['b'])
    expect(page.revision()).toBe((await whole()).revision)
    ended.abort()
  })

  it('that is slow is sent the last state of each node once, not every state', async () => {
    const { feed, put, whole, clock, ended } = await open()
    await put('a')
    const following = feed.follow((await whole()).revision, ended.signal)
    for (let number = 0; number < 50; number++) {
      await put('a', { labels: { rack: `r${number}` } })
      await clock.advance(200)
    }
    const messages: LiveMessage[] = []
    for (let number = 0; number < 2; number++) {
      const next = await following.next()
      if (next.value) messages.push(next.value)
    }
    expect(messages.map(({ kind }) => kind)).toEqual(['fleet', 'freshness'])
    expect(JSON.parse(messages[0]?.text ?? '').changed).toMatchObject([{ id: 'a', rack: 'r49' }])
    ended.abort()
  })

  it('hears of events, of looks at Slurm, and of the server being alive', async () => {
    const { feed, fleet, look, whole, clock, ended } = await open()
    const page = createPage(feed.follow((await whole()).revision, ended.signal))
    await clock.advance(10)
    await fleet.commit([{ kind: 'event', type: 'finding', message: 'XID 79', node: 'a' }])
    await clock.advance(10)
    expect(page.seen.filter(({ kind }) => kind === 'event').map(({ text }) => JSON.parse(text).message)).toEqual([
      'XID 79',
    ])
    const heard = () => page.seen.filter(({ kind }) => kind === 'freshness').length
    const before = heard()
    look(snapshotOf(0, []))
    await clock.advance(10)
    expect(heard()).toBe(before + 1)
    await clock.advance(5_000)
    expect(heard()).toBe(before + 2)
    ended.abort()
    await page.done
    expect(feed.followers()).toBe(0)
  })
})
