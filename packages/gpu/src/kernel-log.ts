/** A line of the kernel log that may be the driver's. */
export interface KernelLogLine {
  text: string
  /** When it was written, ms since the epoch; when it was read, where the log does not tell. */
  at: number
  /** The same for the same line, however often and by whichever run of ours it is read. */
  id: string
}

/** Where a reader stood, to go on from there after a restart of ours: opaque to everybody but the reader. */
export interface KernelLogPosition {
  load(): Promise<string | undefined>
  save(position: string): Promise<void>
}

export interface KernelLogReader {
  /** Called for each line that may be the driver's, in order. */
  onLine: (line: KernelLogLine) => void
  position: KernelLogPosition
  /** false: read what is there and return. Lines of unknown age count then. Default true. */
  follow?: boolean
}

/**
 * Follows one log until the signal is aborted; resolves then.
 * @throws when the log cannot be read at all
 */
export type KernelLogSource = (reader: KernelLogReader, signal: AbortSignal) => Promise<void>

/** Lines older than this when first seen tell of faults that are settled. After NVSentinel's `bootLookbackWindow`. */
export const lookBackMs = 2 * 3_600_000

/** A position that is forgotten at the end of the process. */
export function createMemoryPosition(): KernelLogPosition {
  let current: string | undefined
  return {
    load: async () => current,
    save: async (position) => {
      current = position
    },
  }
}
