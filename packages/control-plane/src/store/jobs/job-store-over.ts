import type { JobDoc } from '@navarch/core/job/job-doc'
import type { AuditRow, JobStore } from '../job-store.ts'
import { eventOfText, textOfEvent } from './event-text.ts'
import type { AuditText, JobBackend } from './job-backend.ts'
import { packBatch } from './sample-inbox.ts'

/** Makes texts of what goes into a backend, and documents of what comes out. */
export function jobStoreOver(description: string, backend: JobBackend): JobStore {
  return {
    description,
    async apply(events) {
      const texts = Array.from(events, textOfEvent)
      return texts.length > 0 ? backend.apply(texts) : []
    },
    find: async (id) => (await backend.find(id)).map(docOf),
    async list(filter) {
      const { runs, total } = await backend.list(filter)
      return { runs: runs.map(docOf), total }
    },
    open: async () => (await backend.open()).map(docOf),
    countByState: () => backend.countByState(),
    totalRuns: () => backend.totalRuns(),
    audit: async (query) => (await backend.audit(query)).map(auditRow),
    addSamples: async (batches) => backend.addSamples(batches.flatMap(packBatch)),
    series: (run, window) => backend.series(run, window),
    maintain: (now, policy) => backend.maintain(now, policy),
    figures: () => backend.figures(),
    close: () => backend.close(),
  }
}

/** The store wrote it from the same type; the schema's version guards against other writers. */
function docOf(text: string): JobDoc {
  return JSON.parse(text)
}

function auditRow({ seq, cluster, jobId, restart, created, event: text }: AuditText): AuditRow {
  const event = eventOfText(text)
  return {
    seq,
    receivedAt: event.receivedAt,
    cluster,
    jobId,
    restart,
    kind: event.kind,
    ...event.origin,
    outcome: created ? 'created' : 'updated',
    event,
  }
}
