import type { EventJson } from '@navarch/api/rest'
import type { Clock } from '@navarch/system/clock'
import type { EventService } from '../services/services.ts'

export interface FollowOptions {
  clock: Clock
  /** Ends the sequence. */
  signal: AbortSignal
  /** Silence after which `undefined` is yielded, ms. */
  keepAliveMs: number
}

/** Events read from the store at once. */
const pageSize = 500
/** Events kept for a follower that is busy; one that falls further behind reads them from the store. */
const maxWaiting = 200

/**
 * Every event with a greater number than `after`, each once, in order, and then those that happen, until the signal
 * aborts. Yields undefined as a sign of life when nothing happens. A slow follower costs no memory.
 */
export async function* followEvents(
  events: EventService,
  after: number,
  { clock, signal, keepAliveMs }: FollowOptions,
): AsyncGenerator<EventJson | undefined, void, undefined> {
  let last = after
  let behind = true
  let waiting: EventJson[] = []
  let wake = () => {}
  const unsubscribe = events.subscribe((event) => {
    if (!behind) waiting.push(event)
    if (waiting.length > maxWaiting) {
      behind = true
      waiting = []
    }
    wake()
  })
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted) {
      const batch = behind ? await nextPage() : waiting.splice(0)
      for (const event of batch) {
        if (event.seq <= last) continue
        if (signal.aborted) return
        last = event.seq
        yield event
      }
      if (behind || waiting.length > 0 || signal.aborted) continue
      const woken = await sleepUntilWoken()
      if (!woken) yield undefined
    }
  } finally {
    unsubscribe()
    signal.removeEventListener('abort', onAbort)
  }

  async function nextPage(): Promise<EventJson[]> {
    behind = false
    const page = await events.since(last, pageSize)
    if (page.length === pageSize) behind = true
    return page
  }

  function sleepUntilWoken(): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = clock.after(keepAliveMs, () => resolve(false))
      wake = () => {
        wake = () => {}
        cancel()
        resolve(true)
      }
    })
  }
}
