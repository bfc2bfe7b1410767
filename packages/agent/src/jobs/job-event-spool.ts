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
  dropped(): number
  close(): Promise<void>
}

/** Some ten thousand events: weeks of a node's jobs, in a part of the memory that the agent may take. */
const defaultMaxBytes = 16 * 1024 * 1024

/** @param options.path undefined: in memory alone */
export async function openJobEventSpool(options: {
  path: string | undefined
  log: Log
  maxBytes?: number
}): Promise<JobEventSpool> {
  const file = await openFrameFile({ maxBytes: defaultMaxBytes, what: 'job events', ...options })
  return {
    add: (event) => file.add(Buffer.from(JSON.stringify(event))).kept,
    *waiting() {
      for (const [id, frame] of file.entries()) yield { id, event: contentOf(frame).toString() }
    },
    size: () => file.entries().size,
    remove: file.remove,
    dropped: file.dropped,
    close: file.close,
  }
}
