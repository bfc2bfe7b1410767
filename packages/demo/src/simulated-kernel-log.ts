import type { KernelLogLine, KernelLogSource } from '@navarch/gpu/kernel-log'
import type { Clock } from '@navarch/system/clock'

/** The kernel log of a machine that does not exist. */
export interface SimulatedKernelLog {
  source: KernelLogSource
  /** Adds a line, in the driver's words. */
  write(text: string): void
}

/** Makes a kernel log of one boot. Its reader sees what is written while it follows. */
export function createSimulatedKernelLog(clock: Clock, bootId: string): SimulatedKernelLog {
  const readers = new Set<(line: KernelLogLine) => void>()
  let written = 0
  return {
    write(text) {
      const line = { text, at: clock.now(), id: `${bootId}/${++written}` }
      for (const read of readers) read(line)
    },
    source: ({ onLine, follow }, signal) => {
      if (follow === false || signal.aborted) return Promise.resolve()
      readers.add(onLine)
      return new Promise((resolve) => {
        const stop = () => {
          readers.delete(onLine)
          resolve()
        }
        signal.addEventListener('abort', stop, { once: true })
      })
    },
  }
}
