import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'

/** Calls `work` at once and then `intervalMs` after each end, until the signal. What it throws is logged, never the end. */
export async function loop(
  clock: Clock,
  signal: AbortSignal,
  log: Log,
  name: string,
  intervalMs: number,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await work().catch((error: unknown) => log.error('loop failed', { loop: name, error: String(error) }))
    await clock.sleep(intervalMs, signal).catch(() => {})
  }
}
