import type { FleetJson, FleetNodeJson } from '@navarch/api/views'
import { describe, expect, it, vi } from 'vitest'
import { createFleetStore } from './fleet-store.ts'

const node = (id: string, state: FleetNodeJson['state'] = 'idle') => ({ id, state }) as FleetNodeJson
const freshness = { slurm_at: null, slurm_every: null, slurm_problem: null, now: '1970-01-01T00:00:10Z' }

/** A stream as the browser has it, in the test's hand. */
class FakeStream extends EventTarget {
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  isClosed = false
  close() {
    this.isClosed = true
  }
  send(type: string, data: unknown) {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }))
  }
}

async function setUp(fleet: FleetJson = { revision: 7, nodes: [node('a'), node('b')], freshness }) {
  const streams: FakeStream[] = []
  const urls: string[] = []
  const frames: (() => void)[] = []
  const waits: { ms: number; callback: () => void }[] = []
  const load = vi.fn(async () => fleet)
  const store = createFleetStore({
    now: () => 4000,
    requestFrame: (callback) => void frames.push(callback),
    openStream: (url) => {
      const stream = new FakeStream()
      urls.push(url)
      streams.push(stream)
      return stream as unknown as EventSource
    },
    load,
    later: (callback, ms) => {
      const wait = { ms, callback }
      waits.push(wait)
      return () => void waits.splice(waits.indexOf(wait), 1)
    },
  })
  const told = vi.fn()
  store.subscribe(told)
  store.start()
  await Promise.resolve()
  await Promise.resolve()
  const drawFrame = () => {
    for (const callback of frames.splice(0)) callback()
  }
  return { store, streams, urls, waits, told, drawFrame, load }
}

describe('the fleet in the page', () => {
  it('loads everything once and follows from that revision', async () => {
    const { store, urls } = await setUp()
    expect([...store.get().nodes.keys()]).toEqual(['a', 'b'])
    expect(urls).toEqual(['/api/v1/fleet/live?after=7'])
    expect(store.get().clockOffset).toBe(6000)
  })

  it('applies what changed, and tells once per frame', async () => {
    const { store, streams, told, drawFrame } = await setUp()
    drawFrame()
    told.mockClear()
    streams[0]?.send('fleet', { revision: 8, changed: [node('a', 'down')], removed: [] })
    streams[0]?.send('fleet', { revision: 9, changed: [node('c')], removed: ['b'] })
    expect(told).not.toHaveBeenCalled()
    drawFrame()
    expect(told).toHaveBeenCalledTimes(1)
    expect([...store.get().nodes.values()].map(({ id, state }) => `${id} ${state}`)).toEqual(['a down', 'c idle'])
    expect(store.get().revision).toBe(9)
  })

  it('takes everything anew when the server cannot resume', async () => {
    const { store, streams } = await setUp()
    streams[0]?.send('fleet', { revision: 90, nodes: [node('z')], freshness })
    expect([...store.get().nodes.keys()]).toEqual(['z'])
  })

  it('comes back by itself where it left off, waiting longer each time, and keeps what it shows', async () => {
    const { store, streams, urls, waits, load } = await setUp()
    streams[0]?.onerror?.()
    expect(store.get().connection).toBe('lost')
    expect(store.get().nodes.size).toBe(2)
    expect(streams[0]?.isClosed).toBe(true)
    expect(waits.map(({ ms }) => ms)).toEqual([500])
    waits.shift()?.callback()
    await Promise.resolve()
    streams[1]?.onerror?.()
    expect(waits.map(({ ms }) => ms)).toEqual([1000])
    expect(urls[1]).toBe('/api/v1/fleet/live?after=7')
    expect(load).toHaveBeenCalledTimes(1)
    waits.shift()?.callback()
    await Promise.resolve()
    streams[2]?.onopen?.()
    expect(store.get().connection).toBe('live')
  })

  it('takes a stream that says nothing for dead', async () => {
    const { store, streams, waits } = await setUp()
    expect(waits.map(({ ms }) => ms)).toEqual([15_000])
    streams[0]?.send('freshness', freshness)
    expect(waits).toHaveLength(1)
    waits[0]?.callback()
    expect(streams[0]?.isClosed).toBe(true)
    expect(store.get()).toMatchObject({ connection: 'lost', problem: 'the control plane has said nothing for 15 s' })
  })

  it('passes the history’s events on', async () => {
    const { store, streams } = await setUp()
    const seen = vi.fn()
    store.onEvent(seen)
    streams[0]?.send('event', { seq: 1, type: 'finding' })
    expect(seen).toHaveBeenCalledWith({ seq: 1, type: 'finding' })
  })

  it('ends when the page does', async () => {
    const { store, streams, waits } = await setUp()
    store.stop()
    streams[0]?.onerror?.()
    expect(streams[0]?.isClosed).toBe(true)
    expect(waits).toEqual([])
  })
})
