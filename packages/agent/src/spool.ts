import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { type ReportHealthRequest, ReportHealthRequestSchema } from '@navarch/api/control-plane'
import type { Log } from '@navarch/system/log'
import { contentOf, openFrameFile } from './frame-file.ts'

/** Reports that the control plane has not confirmed yet, oldest first. */
export interface Spool {
  reports(): readonly ReportHealthRequest[]
  /** Adds a report. It is on disk when the promise resolves; a disk that fails is logged and the report kept in memory. */
  add(report: ReportHealthRequest): Promise<void>
  /** Forgets a report that was confirmed. */
  remove(reportId: string): Promise<void>
  /** Reports given up because the spool was full. */
  dropped(): number
  /** Waits for what is being written, and closes the file. */
  close(): Promise<void>
}

export interface SpoolOptions {
  /** undefined: in memory alone. */
  path: string | undefined
  log: Log
  /** Default 10 MiB; the oldest reports give way. */
  maxBytes?: number
  /** Frees some of a disk that is full; see `FrameFileOptions`. */
  freeDisk?: () => Promise<boolean>
}

const defaultMaxBytes = 10 * 1024 * 1024

/** Opens the spool and takes up what an earlier run left in it. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const file = await openFrameFile({ maxBytes: defaultMaxBytes, what: 'reports', ...options })
  const reports = new Map<number, ReportHealthRequest>()
  for (const [id, frame] of file.entries()) {
    const report = parseReport(contentOf(frame))
    // What is no report any more, after an update of this program, would stay for ever.
    if (report) reports.set(id, report)
    else await file.remove([id])
  }
  const prune = () => {
    for (const id of reports.keys()) if (!file.entries().has(id)) reports.delete(id)
  }
  return {
    reports: () => [...reports.values()],
    dropped: () => file.dropped().all,
    add: (report) => {
      const before = file.dropped().all
      const { id, kept } = file.add(toBinary(ReportHealthRequestSchema, report))
      reports.set(id, report)
      if (file.dropped().all > before) prune()
      return kept
    },
    remove: async (reportId) => {
      const ids = [...reports].flatMap(([id, report]) => (report.reportId === reportId ? [id] : []))
      for (const id of ids) reports.delete(id)
      await file.remove(ids)
    },
    close: file.close,
  }
}

function parseReport(bytes: Uint8Array): ReportHealthRequest | undefined {
  try {
    return fromBinary(ReportHealthRequestSchema, bytes)
  } catch {
    return undefined
  }
}
