import type { Clock } from '@navarch/system/clock'

/**
 * Passes chunks on; when none passes for `stallMs`, calls back once: for streams that may take any time as long as they move.
 */
export async function* watchStalls<T>(
  source: AsyncIterable<T>,
  { clock, stallMs, onStall }: { clock: Clock; stallMs: number; onStall: () => void },
): AsyncGenerator<T, void> {
  let cancel = clock.after(stallMs, onStall)
  try {
    for await (const chunk of source) {
      cancel()
      cancel = clock.after(stallMs, onStall)
      yield chunk
    }
  } finally {
    cancel()
  }
}
