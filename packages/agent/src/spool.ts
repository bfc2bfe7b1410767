import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { type ReportHealthRequest, ReportHealthRequestSchema } from '@navarch/api/control-plane'
import type { Log } from '@navarch/system/log'
import { createEnvelopeDecoder, encodeEnvelope } from './envelope.ts'

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
}

interface Entry {
  report: ReportHealthRequest
  frame: Buffer
}

/** Confirmed reports at the file's head are left there until they are this much: a report that comes twice changes nothing. */
const wasteBytes = 64 * 1024

/**
 * Opens the spool and takes up what an earlier run left in it.
 *
 * The file is a row of gRPC envelopes with one report each; a last one that is cut short was never promised to anybody.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { path, log } = options
  const maxBytes = options.maxBytes ?? 10 * 1024 * 1024
  const entries: Entry[] = []
  let bytes = 0
  let fileBytes = 0
  let dropped = 0
  let file: FileHandle | undefined
  let work: Promise<void> = Promise.resolve()

  const giveUp = (error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    log.warn('reports are kept in memory alone', { path: path ?? '', error: reason })
    void file?.close().catch(() => {})
    file = undefined
  }
  /** Disk work in order, one at a time; the first failure ends it for good. */
  const onDisk = (task: (handle: FileHandle) => Promise<void>): Promise<void> => {
    work = work.then(() => (file ? task(file).catch(giveUp) : undefined))
    return work
  }
  const take = (entry: Entry) => {
    entries.push(entry)
    bytes += entry.frame.length
  }
  const forget = (index: number) => {
    const [entry] = entries.splice(index, 1)
    bytes -= entry?.frame.length ?? 0
  }
  const rewrite = async (handle: FileHandle): Promise<void> => {
    if (entries.length === 0) {
      await handle.truncate(0)
    } else if (path !== undefined) {
      const fresh = await open(`${path}.new`, 'w', 0o600)
      try {
        await fresh.writeFile(Buffer.concat(entries.map((entry) => entry.frame)))
        await fresh.datasync()
      } finally {
        await fresh.close()
      }
      await rename(`${path}.new`, path)
      await handle.close()
      // Appending must go to the end also after a truncation.
      file = await open(path, 'a+', 0o600)
    }
    fileBytes = bytes
  }

  if (path !== undefined) {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o755 })
      file = await open(path, 'a+', 0o600)
      for (const report of readReports(await file.readFile(), maxBytes)) {
        take({ report, frame: encodeEnvelope(toBinary(ReportHealthRequestSchema, report)) })
      }
      await onDisk(rewrite)
    } catch (error) {
      giveUp(error)
    }
  }

  return {
    reports: () => entries.map((entry) => entry.report),
    dropped: () => dropped,
    add: (report) => {
      const frame = encodeEnvelope(toBinary(ReportHealthRequestSchema, report))
      take({ report, frame })
      const before = dropped
      while (bytes > maxBytes && entries.length > 1) {
        forget(0)
        dropped++
      }
      if (dropped > before) {
        log.warn('reports were given up because the spool is full', { dropped })
        return onDisk(rewrite)
      }
      return onDisk(async (handle) => {
        await handle.appendFile(frame)
        await handle.datasync()
        fileBytes += frame.length
      })
    },
    remove: (reportId) => {
      const index = entries.findIndex((entry) => entry.report.reportId === reportId)
      if (index === -1) return Promise.resolve()
      forget(index)
      return onDisk(async (handle) => {
        if (entries.length === 0 || fileBytes - bytes > wasteBytes) await rewrite(handle)
      })
    },
    close: async () => {
      await work
      await file?.close()
      file = undefined
    },
  }
}

/** Reads as many whole reports as there are; what follows the first unreadable one is lost. */
function readReports(content: Buffer, maxBytes: number): ReportHealthRequest[] {
  const reports: ReportHealthRequest[] = []
  try {
    for (const bytes of createEnvelopeDecoder(maxBytes)(content))
      reports.push(fromBinary(ReportHealthRequestSchema, bytes))
  } catch {
    // A damaged tail: the reports before it are good.
  }
  return reports
}
