import type { JobReportJson } from '@navarch/api/jobs'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { Evidence } from '@navarch/core/job/job-report'
import { reportJob } from '@navarch/core/job/report'
import { type JobView, viewJob } from '@navarch/core/job/view-job'
import { withoutUndefined } from '@navarch/slurm/fields'
import type { JobServiceDeps } from './job-deps.ts'
import { usagesOf } from './job-figures.ts'
import { formatTime } from './rfc3339.ts'
import { snakeKeys } from './snake-keys.ts'

/** Findings of a node that are looked through, and nodes of a job whose findings are: the report is one page. */
const findingsPerNode = 200
const mostNodes = 256

/** The report of a run without the run itself. @param older runs that its id means too */
export async function reportOf(
  { clock, dependency, findings, live, nodeStates }: JobServiceDeps,
  run: JobDoc,
  older: readonly JobDoc[],
): Promise<Omit<JobReportJson, 'job'>> {
  const view = waitingFor(viewJob(run), dependency)
  const nodes = view.nodes.slice(0, mostNodes)
  const {
    verdict,
    efficiency,
    nodes: nodeReports,
    notes,
  } = reportJob({
    view,
    usage: usagesOf(view, live.of(run)),
    findings: (await Promise.all(nodes.map((node) => findings(node, findingsPerNode)))).flat(),
    nodeStates: nodeStates(nodes),
    earlierRuns: older.filter((other) => isBefore(other, run)).map(viewJob),
    now: clock.now(),
  })
  return {
    verdict: { ...verdict, evidence: verdict.evidence.map(renderEvidence) },
    efficiency: snakeKeys(efficiency),
    nodes: nodeReports.map(snakeKeys),
    notes: notes.map((note) => ({ ...note })),
  }
}

/** The list of predecessors shrinks as they end: what was stored of it is older than the look. */
function waitingFor(view: JobView, dependency: JobServiceDeps['dependency']): JobView {
  const now = view.state === 'pending' ? dependency(view) : undefined
  return now === undefined ? view : { ...view, dependency: now }
}

function isBefore(other: JobDoc, run: JobDoc): boolean {
  return other.cluster === run.cluster && other.jobId === run.jobId && other.restart < run.restart
}

function renderEvidence({ at, node, gpuUuid, source, text }: Evidence): JobReportJson['verdict']['evidence'][number] {
  return withoutUndefined({ at: at === undefined ? undefined : formatTime(at), node, gpu_uuid: gpuUuid, source, text })
}
