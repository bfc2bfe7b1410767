import type { SlurmClient } from './client.ts'
import { withoutUndefined } from './fields.ts'
import type { SlurmClock } from './run-command.ts'
import { SlurmError } from './slurm-error.ts'
import type { SlurmSnapshot } from './snapshot.ts'

export interface SnapshotPollerOptions {
  client: Pick<SlurmClient, 'snapshot'>
  clock: SlurmClock
  /** Time between two looks while all is well, ms. */
  intervalMs: number
  /** Longest time between two looks when Slurm is slow or away, ms. Default: 8 intervals. */
  maxIntervalMs?: number
  /** A look may take at most this share of the time; a slower one stretches the interval. Default 0.1. */
  maxShare?: number
}

/** The newest look and what is wrong with it. A snapshot stays when later looks fail: it is stale, not gone. */
export interface SnapshotView {
  snapshot?: SlurmSnapshot
  /** Age of `snapshot`, ms. */
  ageMs?: number
  /** Why the last look failed; undefined when it did not. */
  error?: SlurmError
  /** Looks that failed in a row. */
  failures: number
}

export interface SnapshotPoller {
  latest(): SnapshotView
  /** A snapshot that was begun after this call: use it right after a change. Calls share one look. */
  refresh(): Promise<SlurmSnapshot>
  /** Calls back after every look, with the snapshot or with the error. Returns a function that unsubscribes. */
  onSnapshot(callback: (view: SnapshotView) => void): () => void
  /** Ends the polling. A look in progress ends by its own deadline, unheard. */
  stop(): void
}

/** Starts looking at once, and then at intervals. */
export function createSnapshotPoller(options: SnapshotPollerOptions): SnapshotPoller {
  const { client, clock } = options
  const listeners = new Set<(view: SnapshotView) => void>()
  const stopped = new AbortController()
  let snapshot: SlurmSnapshot | undefined
  let error: SlurmError | undefined
  let failures = 0
  let running: Promise<SlurmSnapshot> | undefined
  let queued: Promise<SlurmSnapshot> | undefined

  const latest = (): SnapshotView =>
    withoutUndefined<SnapshotView>({
      snapshot,
      ageMs: snapshot && clock.now() - snapshot.takenAt,
      error,
      failures,
    })

  async function look(): Promise<SlurmSnapshot> {
    try {
      snapshot = await client.snapshot()
      error = undefined
      failures = 0
      return snapshot
    } catch (cause) {
      error = cause instanceof SlurmError ? cause : new SlurmError('failed', String(cause), { cause })
      failures++
      throw error
    } finally {
      running = undefined
      if (!stopped.signal.aborted) for (const listener of listeners) listener(latest())
    }
  }

  function start(): Promise<SlurmSnapshot> {
    running = look()
    return running
  }

  async function poll(): Promise<void> {
    while (!stopped.signal.aborted) {
      await (running ?? start()).catch(() => {})
      const pause = nextPause(options, snapshot?.tookMs ?? 0, failures)
      await clock.sleep(pause, stopped.signal).catch(() => {})
    }
  }
  void poll()

  return {
    latest,
    refresh() {
      if (!running) return start()
      // The look in progress may have begun before the change that the caller wants to see.
      queued ??= running
        .catch(() => {})
        .then(() => {
          queued = undefined
          return running ?? start()
        })
      return queued
    },
    onSnapshot(callback) {
      listeners.add(callback)
      return () => listeners.delete(callback)
    },
    stop: () => stopped.abort(new Error('stopped')),
  }
}

/**
 * How long to wait before the next look, ms: the interval, stretched so that looking takes at most `maxShare` of the time,
 * and doubled with each failure in a row, up to `maxIntervalMs`.
 */
export function nextPause(
  options: Pick<SnapshotPollerOptions, 'intervalMs' | 'maxIntervalMs' | 'maxShare'>,
  tookMs: number,
  failures: number,
): number {
  const most = Math.max(options.intervalMs, options.maxIntervalMs ?? options.intervalMs * 8)
  const slow = tookMs / (options.maxShare ?? 0.1)
  const failing = failures === 0 ? 0 : options.intervalMs * 2 ** Math.min(failures - 1, 16)
  return Math.min(most, Math.max(options.intervalMs, slow, failing))
}
