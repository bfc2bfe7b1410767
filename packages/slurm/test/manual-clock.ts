import type { SlurmClock } from '../src/run-command.ts'

interface Sleeper {
  at: number
  wake: () => void
}

/** A clock that moves only when told to. */
export interface ManualClock extends SlurmClock {
  advance(ms: number): Promise<void>
}

/** Creates a clock that stands at 0. */
export function createManualClock(): ManualClock {
  let now = 0
  const sleepers = new Set<Sleeper>()
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: now + ms, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          reject(signal.reason)
        })
      }),
    async advance(ms) {
      const end = now + ms
      for (;;) {
        await settle()
        const due = [...sleepers].filter((sleeper) => sleeper.at <= end).sort((a, b) => a.at - b.at)[0]
        if (!due) break
        sleepers.delete(due)
        now = due.at
        due.wake()
      }
      now = end
    },
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
