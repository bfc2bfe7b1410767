import type { AuditEntryJson, JobJson, MetricSampleJson, UsageJson, WasteJson } from '@navarch/api/jobs'
import { parseLookup, runId } from '@navarch/core/job/identity'
import type { JobDoc } from '@navarch/core/job/job-doc'
import { usageRows } from '@navarch/core/job/usage-rows'
import { viewJob } from '@navarch/core/job/view-job'
import { wasteOf } from '@navarch/core/job/waste'
import { drawLines } from '@navarch/samples/lines'
import { withoutUndefined } from '@navarch/slurm/fields'
import type { AuditRow, NodeSeries } from '../../store/job-store.ts'
import { findRuns, guarded, type JobServiceDeps } from './job-deps.ts'
import { figuresOf, usagesOf } from './job-figures.ts'
import type { JobReads } from './job-service.ts'
import { type MetricSample, metricSamplesOf, type RecordedFigures, recordedFigures } from './metric-samples.ts'
import { renderJob } from './render-job.ts'
import { reportOf } from './report-of-run.ts'
import { formatTime } from './rfc3339.ts'
import { snakeKeys } from './snake-keys.ts'

/** Runs that are read for sums at once. */
const pageSize = 1000
const weekMs = 7 * 24 * 3_600_000

/** What is known of jobs, as the API shows it. */
export function createJobReads(deps: JobServiceDeps): JobReads {
  const { clock, live, log, store } = deps

  async function render(doc: JobDoc): Promise<JobJson> {
    const view = viewJob(doc)
    const now = clock.now()
    const figures = figuresOf(view, live.of(doc), now)
    const recorded = figures.readings === 0 && view.ingestVersion === 'api-v1' ? await recordedOf(doc) : undefined
    return renderJob({ view, figures, ...(recorded && { recorded }) }, now)
  }

  async function recordedOf(doc: JobDoc): Promise<RecordedFigures | undefined> {
    const series = await guarded(log, () => store.series(doc, { from: 0, to: Number.MAX_SAFE_INTEGER }))
    return recordedFigures(metricSamplesOf(series, { cpus: undefined, start: undefined }))
  }

  const usageOf = (doc: JobDoc) => {
    const view = viewJob(doc)
    return { view, usage: usagesOf(view, live.of(doc)) }
  }

  /** The window of a request, by default the run's own time; empty where it ends before it begins. */
  function windowOf(doc: JobDoc, start: number | undefined, end: number | undefined): { from: number; to: number } {
    const view = viewJob(doc)
    const from = start ?? view.startTime ?? doc.firstAt
    const to = end ?? (view.endTime === undefined ? clock.now() : view.endTime + 1)
    return { from, to: Math.max(from, to) }
  }

  return {
    async list({ state, user, node, account, partition, from, to, limit, offset }) {
      const filter = withoutUndefined({ states: state && [state], user, node, account, partition, from, to })
      const { runs, total } = await guarded(log, () => store.list({ ...filter, limit, offset }))
      return { jobs: await Promise.all(runs.map(render)), total, limit, offset }
    },

    async get(id) {
      const [run] = await findRuns(deps, id)
      return render(run)
    },

    async runs(id) {
      return Promise.all((await findRuns(deps, id)).map(render))
    },

    async audit(id, limit) {
      const jobIds = new Set((await findRuns(deps, id)).map(({ jobId }) => jobId))
      const pages = await Promise.all([...jobIds].map((jobId) => guarded(log, () => store.audit({ jobId, limit }))))
      const rows = pages.flat().sort((a, b) => b.seq - a.seq)
      return auditOf(id, rows).slice(0, limit)
    },

    async wholeAudit({ job, limit, before }) {
      const lookup = job === undefined ? undefined : parseLookup(job)
      const jobId = lookup && (lookup.kind === 'run' || lookup.kind === 'job' ? lookup.jobId : job)
      const query = withoutUndefined({ jobId, before })
      return auditOf(job, await guarded(log, () => store.audit({ ...query, limit })))
    },

    async metrics(id, { start_time, end_time, limit }) {
      const [run] = await findRuns(deps, id)
      const view = viewJob(run)
      const window = windowOf(run, start_time, end_time)
      const series = await guarded(log, () => store.series(run, { ...window, to: end_time ?? Number.MAX_SAFE_INTEGER }))
      const cpus = view.allocated.cpus
      const samples = metricSamplesOf(series, { cpus, start: view.startTime })
      return { job_id: run.jobId, samples: samples.slice(-limit).map(renderSample), total: samples.length }
    },

    async series(id, { start_time, end_time, points }) {
      const [run] = await findRuns(deps, id)
      const window = windowOf(run, start_time, end_time)
      const series = await guarded(log, () => store.series(run, window))
      const { usage } = usageOf(run)
      const readings = series.map(({ node, samples, stepMs }: NodeSeries) => {
        const cpus = usage[node]?.cpus
        return { node, samples, ...(stepMs !== undefined && { stepMs }), ...(cpus !== undefined && { cpus }) }
      })
      const { times, stepMs, lines } = drawLines(readings, window, points)
      return {
        job_id: run.jobId,
        run_id: runId(run),
        from: formatTime(window.from),
        to: formatTime(window.to),
        times,
        step_seconds: stepMs / 1000,
        lines: lines.map(snakeKeys),
      }
    },

    async report(id) {
      const [run, ...older] = await findRuns(deps, id)
      return { job: await render(run), ...(await reportOf(deps, run, older)) }
    },

    async usage({ by, start_time, end_time }): Promise<UsageJson> {
      const now = clock.now()
      const to = end_time ?? now
      const from = start_time ?? to - weekMs
      const runs: ReturnType<typeof usageOf>[] = []
      for (let offset = 0; from < to; offset += pageSize) {
        const page = await guarded(log, () => store.list({ from, to, limit: pageSize, offset }))
        for (const doc of page.runs) runs.push(usageOf(doc))
        if (page.runs.length < pageSize) break
      }
      const rows = usageRows(runs, by, { from, to }, now)
      return { by, from: formatTime(from), to: formatTime(to), rows: rows.map(snakeKeys) }
    },

    async waste(): Promise<WasteJson[]> {
      const open = await guarded(log, () => store.open())
      return wasteOf(open.map(usageOf), clock.now()).map(
        ({ view, gpusHeld, gpusIdle, idleSince, idleGpuHours, ...rest }) =>
          withoutUndefined<WasteJson>({
            job_id: view.jobId,
            run_id: view.runId,
            user: view.user,
            account: view.account,
            partition: view.partition,
            name: view.name,
            gpus_held: gpusHeld,
            gpus_idle: gpusIdle,
            idle_since: formatTime(idleSince),
            idle_gpu_hours: idleGpuHours,
            nodes: [...rest.nodes],
            reason: rest.reason,
          }),
      )
    },
  }
}

function renderSample({ at, cpuPercent, memoryMb, gpuPercent }: MetricSample): MetricSampleJson {
  return withoutUndefined<MetricSampleJson>({
    timestamp: formatTime(at),
    cpu_usage: cpuPercent,
    memory_usage_mb: memoryMb,
    gpu_usage: gpuPercent,
  })
}

/** The rows of the run that an id names, or all. */
function auditOf(id: string | undefined, rows: readonly AuditRow[]): AuditEntryJson[] {
  const lookup = id === undefined ? undefined : parseLookup(id)
  return rows.filter((row) => lookup?.kind !== 'run' || row.restart === lookup.restart).map(renderAudit)
}

function renderAudit(row: AuditRow): AuditEntryJson {
  return {
    seq: row.seq,
    at: formatTime(row.receivedAt),
    run_id: runId(row),
    change: row.kind,
    changed_by: row.changedBy,
    source: row.source,
    correlation_id: row.correlationId,
    outcome: row.outcome,
    event: { ...row.event },
  }
}
