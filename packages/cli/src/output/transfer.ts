import type { Io } from '../io.ts'
import { formatBytes } from './quantity.ts'

/** How often a line of progress is drawn again, ms. */
const redrawMs = 200

/** A line on the terminal's stderr that says how far a transfer is; nothing elsewhere. */
export interface Progress {
  add(bytes: number): void
  readonly bytes: number
  /** Takes the line away. */
  end(): void
}

/** @param verb e.g. "backing up"; `total` bytes where it is known */
export function createProgress(
  { stderr, clock }: Pick<Io, 'stderr' | 'clock'>,
  verb: string,
  total?: number,
): Progress {
  let bytes = 0
  let drawnAt = Number.NEGATIVE_INFINITY
  const draw = () => {
    const of =
      total === undefined || total === 0 ? '' : ` of ${formatBytes(total)}, ${Math.floor((100 * bytes) / total)}%`
    stderr.write(`\r${verb}: ${formatBytes(bytes)}${of}\u001b[K`)
  }
  return {
    add(more) {
      bytes += more
      if (!stderr.isTTY || clock.now() - drawnAt < redrawMs) return
      drawnAt = clock.now()
      draw()
    },
    get bytes() {
      return bytes
    },
    end() {
      if (stderr.isTTY) stderr.write('\r\u001b[K')
    },
  }
}
