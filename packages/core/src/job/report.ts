import { efficiencyOf, nodeReportsOf } from './efficiency.ts'
import { caseOf } from './job-case.ts'
import type { JobReport, ReportInput } from './job-report.ts'
import { notesOf } from './notes.ts'
import { judgeCase } from './verdict.ts'

/**
 * The report of one run: whose doing its end was, how well it used what it had, and what to change. It is right for a run that
 * still runs, too, as of `now`.
 */
export function reportJob(input: ReportInput): JobReport {
  const judged = caseOf(input)
  const efficiency = efficiencyOf(input)
  const nodes = nodeReportsOf(input)
  return { verdict: judgeCase(judged), efficiency, nodes, notes: notesOf(judged, efficiency, nodes) }
}
