import type { Clock } from './clock.ts'

interface Timer {
  at: number
  fire: () => void
}

/** A clock that moves only when told to: for tests and replays. */
export interface ManualClock extends Clock {
  /** Moves time forward by `ms`, firing due timers in order and letting their continuations run. */
  advance(ms: number): Promise<void>
}

/** Creates a clock standing at `start` (ms since the epoch). */
export function createManualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start
  const timers = new Set<Timer>()
  const add = (ms: number, fire: () => void): (() => void) => {
    const timer = { at: now + ms, fire }
    timers.add(timer)
    return () => timers.delete(timer)
  }
  return {
    now: () => now,
    after: add,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason)
          return
        }
        const onAbort = () => {
          cancel()
          reject(signal?.reason)
        }
        const cancel = add(ms, () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        })
        signal?.addEventListener('abort', onAbort, { once: true })
      }),
    async advance(ms) {
      const end = now + ms
      for (;;) {
        await settle()
        const due = [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
        if (!due) break
        timers.delete(due)
        now = Math.max(now, due.at)
        due.fire()
      }
      now = end
      await settle()
    },
  }
}

/** Lets promise continuations and I/O callbacks that are ready run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
