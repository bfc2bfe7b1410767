import { afterEach, expect, it } from 'vitest'
import { createManualClock } from '../test/manual-clock.ts'
import { SlurmError } from './slurm-error.ts'
import type { SlurmSnapshot } from './snapshot.ts'
import { createSnapshotPoller, nextPause, type SnapshotPoller } from './snapshot-poller.ts'

const clock = createManualClock()
let poller: SnapshotPoller | undefined
afterEach(() => poller?.stop())

/** A client whose looks take `tookMs`, or fail while `failing`. */
function slowClient(tookMs: number) {
  const state = { looks: 0, failing: false }
  const snapshot = async (): Promise<SlurmSnapshot> => {
    state.looks++
    const takenAt = clock.now()
    await clock.sleep(tookMs)
    if (state.failing) throw new SlurmError('unreachable', 'no controller')
    const version = { major: 22, minor: 5, micro: 8, text: '22.05.8' }
    return { takenAt, tookMs, version, nodes: [], jobs: [], finished: [], partitions: [], costs: [], problems: [] }
  }
  return { state, snapshot }
}

it('looks at once, then at its interval, and tells the age', async () => {
  const client = slowClient(100)
  poller = createSnapshotPoller({ client, clock, intervalMs: 15_000 })
  expect(poller.latest()).toEqual({ failures: 0 })
  await clock.advance(100)
  expect(poller.latest().ageMs).toBe(100)
  await clock.advance(14_000)
  expect(client.state.looks).toBe(1)
  await clock.advance(2_000)
  expect(client.state.looks).toBe(2)
})

it('keeps the last snapshot while Slurm is away, says why, and asks less often', async () => {
  const client = slowClient(100)
  poller = createSnapshotPoller({ client, clock, intervalMs: 1_000 })
  await clock.advance(200)
  const first = poller.latest().snapshot
  client.state.failing = true
  await clock.advance(60_000)
  const view = poller.latest()
  expect(view.snapshot).toBe(first)
  expect(view.error?.code).toBe('unreachable')
  expect(view.ageMs).toBeGreaterThan(59_000)
  expect(view.failures).toBeGreaterThan(3)
  expect(client.state.looks).toBeLessThan(15)
  client.state.failing = false
  await clock.advance(10_000)
  expect(poller.latest()).toMatchObject({ failures: 0 })
  expect(poller.latest().error).toBeUndefined()
})

it('gives a refresh a look that began after the call, and shares it', async () => {
  const client = slowClient(1_000)
  poller = createSnapshotPoller({ client, clock, intervalMs: 60_000 })
  await clock.advance(500)
  const asked = clock.now()
  const refreshes = [poller.refresh(), poller.refresh()]
  await clock.advance(3_000)
  const [one, two] = await Promise.all(refreshes)
  expect(one).toBe(two)
  expect(one?.takenAt).toBeGreaterThanOrEqual(asked)
  expect(client.state.looks).toBe(2)
})

it('tells its listeners every outcome until they leave or it stops', async () => {
  const client = slowClient(10)
  const seen: string[] = []
  poller = createSnapshotPoller({ client, clock, intervalMs: 1_000 })
  const leave = poller.onSnapshot((view) => seen.push(view.error?.code ?? 'ok'))
  await clock.advance(1_500)
  client.state.failing = true
  await clock.advance(1_000)
  expect(seen).toEqual(['ok', 'ok', 'unreachable'])
  leave()
  await clock.advance(5_000)
  expect(seen).toHaveLength(3)
  poller.stop()
  const looks = client.state.looks
  await clock.advance(60_000)
  expect(client.state.looks).toBe(looks)
})

it('stretches its pause with latency and failures, up to a limit', () => {
  const options = { intervalMs: 10_000 }
  expect(nextPause(options, 100, 0)).toBe(10_000)
  expect(nextPause(options, 3_000, 0)).toBe(30_000)
  expect(nextPause(options, 100, 1)).toBe(10_000)
  expect(nextPause(options, 100, 3)).toBe(40_000)
  expect(nextPause(options, 100, 50)).toBe(80_000)
  expect(nextPause({ ...options, maxIntervalMs: 20_000 }, 60_000, 0)).toBe(20_000)
})
