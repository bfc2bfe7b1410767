import type { Readings } from '@navarch/core/alert/alert'
import { unknown } from './own-readings.ts'

/** An answer that must be waited for, asked for in its own time: whoever takes the last one waits for nothing. */
export interface Asked {
  /** Asks, where somebody wants to know. Never rejects. */
  look(): Promise<void>
  /** The last answer; unknown where there is none yet, and where it is too old. */
  last(): Readings
}

export interface AskedDeps {
  ask: () => Promise<Readings>
  /** Whether anything is judged by the answer. */
  wanted: () => boolean
  /** An answer that is older than this says nothing of the present, ms. */
  staleAfterMs: number
  /** ms since the epoch. */
  now: () => number
}

export function createAsked({ ask, wanted, staleAfterMs, now }: AskedDeps): Asked {
  let known: { at: number; answer: Readings } | undefined
  return {
    async look() {
      if (!wanted()) return
      const answer = await ask().catch((error: unknown) =>
        unknown(error instanceof Error ? error.message : String(error)),
      )
      known = { at: now(), answer }
    },
    last() {
      if (!known) return unknown('there is no answer yet')
      return now() - known.at > staleAfterMs ? unknown('the last answer is too old') : known.answer
    },
  }
}
