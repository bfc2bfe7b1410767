import { usageByNode } from './efficiency.ts'
import type { ReportInput, Verdict } from './job-report.ts'
import type { NodeUsage } from './node-usage.ts'
import { type OutOfMemory, outOfMemory } from './out-of-memory.ts'
import { nodesText } from './phrases.ts'
import { type Suspect, suspectsOf } from './suspects.ts'
import type { JobView } from './view-job.ts'

/** A verdict before its evidence is put to it. */
export type Judgement = Omit<Verdict, 'evidence'>

/** What the rules of a verdict look at. */
export interface Case {
  view: JobView
  input: ReportInput
  /** Measured, by node. */
  usage: Readonly<Record<string, NodeUsage>>
  /** "Job 812". */
  job: string
  /** " on gpu-17"; "" where it has no nodes. */
  place: string
  /** The strongest first. */
  suspects: readonly Suspect[]
  /** The strongest that is at least likely. */
  hardware?: Suspect
  oom?: OutOfMemory
}

export function caseOf(input: ReportInput): Case {
  const { view } = input
  const usage = usageByNode(input)
  const suspects = suspectsOf(input)
  const hardware = suspects.find(({ kind, confidence }) => kind === 'hardware' && confidence !== 'possible')
  const oom = outOfMemory(view, usage)
  return {
    view,
    input,
    usage,
    job: `Job ${view.jobId}`,
    place: view.nodes.length === 0 ? '' : ` on ${nodesText(view.nodes)}`,
    suspects,
    ...(hardware && { hardware }),
    ...(oom && { oom }),
  }
}
