import type { Clock } from '@navarch/system/clock'
import { earlyForMs } from './job-intervals.ts'

/**
 * Looks at the GPUs besides the regular ones, so that short jobs have figures of their GPUs. `nvidia-smi` takes its time: no more
 * than two a second, and that while jobs with GPUs begin.
 */
export interface GpuLooks {
  /** A job with GPUs has begun: its GPUs are looked at within half a second, for it may last one. */
  onStart(): void
  /** @param age how long the youngest job with GPUs has run, ms */
  onAge(age: number): void
  /** Somebody has looked. */
  onLooked(): void
  close(): void
}

/** Least time between two looks, ms: for a job that begins, in its first seconds, in its first minute. */
const startApartMs = 500
const firstApartMs = 2000
const youngApartMs = 5000
const firstSecondsMs = 10_000

export function createGpuLooks(clock: Clock, look: () => unknown): GpuLooks {
  let lookedAt = Number.NEGATIVE_INFINITY
  let cancel: (() => void) | undefined

  const now = (): void => {
    cancel?.()
    cancel = undefined
    lookedAt = clock.now()
    look()
  }
  // The machine's clock may be set back.
  const sinceLast = () => Math.abs(clock.now() - lookedAt)
  return {
    onStart: () => {
      if (sinceLast() >= startApartMs) now()
      else cancel ??= clock.after(startApartMs - sinceLast(), now)
    },
    onAge: (age) => {
      if (age < earlyForMs && sinceLast() >= (age < firstSecondsMs ? firstApartMs : youngApartMs)) now()
    },
    onLooked: () => {
      lookedAt = clock.now()
    },
    close: () => {
      cancel?.()
      cancel = undefined
    },
  }
}
