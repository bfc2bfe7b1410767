import type { Log } from '@navarch/system/log'
import { contentOf, openFrameFile } from '../frame-file.ts'
import type { JobEventJson } from './hook-event.ts'

/** Job events that the control plane has not confirmed yet, oldest first: as JSON, each under a number. */
export interface JobEventSpool {
  /** Resolves when the event is on disk. */
  add(event: JobEventJson): Promise<void>
  waiting(): Iterable<{ id: number; event: string }>
  size(): number
  remove(ids: readonly number[]): Promise<void>
  /** Events given up because the spool was full. */
  dropped(): { starts: number; ends: number }
  close(): Promise<void>
}

/** Some ten thousand events: weeks of a node's jobs, in a part of the memory that the agent may take. */
const defaultMaxBytes = 16 * 1024 * 1024

/**
 * A full spool gives up starts before ends, the oldest first: only the node knows how its part of a job ended and what it used,
 * and Slurm tells again of a start.
 * @param options.path undefined: in memory alone
 * @param options.freeDisk frees some of a disk that is full; see `FrameFileOptions`
 */
export async function openJobEventSpool(options: {
  path: string | undefined
  log: Log
  maxBytes?: number
  freeDisk?: () => Promise<boolean>
}): Promise<JobEventSpool> {
  const file = await openFrameFile({ maxBytes: defaultMaxBytes, what: 'job events', lesser: isStart, ...options })
  return {
    add: (event) => file.add(Buffer.from(JSON.stringify(event))).kept,
    *waiting() {
      for (const [id, frame] of file.entries()) yield { id, event: contentOf(frame).toString() }
    },
    size: () => file.entries().size,
    remove: file.remove,
    dropped: () => {
      const { all, lesser: starts } = file.dropped()
      return { starts, ends: all - starts }
    },
    close: file.close,
  }
}

/** Events that came by the socket have their keys in any order. */
function isStart(content: Uint8Array): boolean {
  try {
    const event: unknown = JSON.parse(Buffer.from(content).toString())
    return typeof event === 'object' && event !== null && 'event' in event && event.event === 'started'
  } catch {
    return false
  }
}
