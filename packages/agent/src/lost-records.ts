import type { Finding } from '@navarch/core/health/finding'
import type { Metric } from '@navarch/metrics/exposition'

/** What an agent has given up since its start because it could be kept nowhere. */
export interface LostRecords {
  /** Reports of the node's health. */
  reports: number
  /** Events of jobs. */
  jobStarts: number
  jobEnds: number
  /** Messages with readings of jobs. */
  readings: number
}

/** The sum of all that keeps something. */
export function lostRecordsOf(keepers: {
  spool: { dropped(): number }
  jobs?: { lost(): Omit<LostRecords, 'reports'> }
}): LostRecords {
  return { jobStarts: 0, jobEnds: 0, readings: 0, ...keepers.jobs?.lost(), reports: keepers.spool.dropped() }
}

/** Tells the control plane of what it will never get. */
export interface LossWatch {
  /** The condition, when it came new since the last call: news are written down like all reports. */
  fresh(at: number): Finding[]
  /** The condition for a report in full. It holds for an hour after the control plane has confirmed the last count. */
  current(at: number): {
    findings: Finding[]
    /** To be called when the control plane has confirmed the report. */
    onDurable(at: number): void
  }
}

const holdMs = 3_600_000

/** @param lost what has been lost by now */
export function createLossWatch(node: string, lost: () => LostRecords): LossWatch {
  let seen = 0
  let since: number | undefined
  let toldAt: number | undefined
  const finding = (at: number): Finding => {
    const records = lost()
    const message = `given up for want of room: ${wordsOf(records)}; the control plane was away for too long, or the disk was full`
    return {
      id: `${node}/records-lost//${at}`,
      node,
      source: 'agent',
      code: 'records-lost',
      // Readings are made to give way; an end or a report is known to nobody else.
      class: records.reports + records.jobStarts + records.jobEnds > 0 ? 'watch' : 'informational',
      fatal: false,
      message,
      evidence: lossRows.map(({ what, key }) => `${what} ${records[key]}`).join(', '),
      at,
    }
  }
  const look = (at: number): boolean => {
    const records = lost()
    const total = lossRows.reduce((sum, { key }) => sum + records[key], 0)
    if (total === seen) return false
    seen = total
    toldAt = undefined
    if (since !== undefined) return false
    since = at
    return true
  }
  return {
    fresh: (at) => (look(at) ? [finding(at)] : []),
    current: (at) => {
      look(at)
      // The machine's clock may be set back.
      if (toldAt !== undefined && Math.abs(at - toldAt) >= holdMs) since = undefined
      const told = seen
      return {
        findings: since === undefined ? [] : [finding(since)],
        onDurable: (confirmedAt) => {
          // More may have been lost while the report was on its way.
          if (told === seen) toldAt ??= confirmedAt
        },
      }
    },
  }
}

/** A counter for `/metrics`; 0 says that nothing was lost. */
export function lostRecordsMetric(node: string, lost: LostRecords): Metric {
  return {
    name: 'navarch_agent_lost_records_total',
    help: 'What the agent gave up because it could be kept nowhere, since its start.',
    type: 'counter',
    samples: lossRows.map(({ what, key }) => ({ labels: { Hostname: node, what }, value: lost[key] })),
  }
}

const lossRows = [
  { key: 'reports', what: 'report', one: 'health report', many: 'health reports' },
  { key: 'jobEnds', what: 'job-end', one: 'job end', many: 'job ends' },
  { key: 'jobStarts', what: 'job-start', one: 'job start', many: 'job starts' },
  { key: 'readings', what: 'readings', one: 'message of readings', many: 'messages of readings' },
] as const satisfies readonly { key: keyof LostRecords; what: string; one: string; many: string }[]

/** "1 job end, 12 messages of readings". */
function wordsOf(records: LostRecords): string {
  const parts = lossRows.flatMap(({ key, one, many }) => {
    const count = records[key]
    return count > 0 ? [`${count} ${count === 1 ? one : many}`] : []
  })
  return parts.join(', ')
}
