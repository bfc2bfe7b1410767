import type { JobDoc } from '@navarch/core/job/job-doc'
import { jobStates } from '@navarch/core/job/job-event'
import { outlineJob } from '@navarch/core/job/view-job'
import type { Row, SqlValue } from '../sql/sql.ts'

/** The state of a tombstone; those of all others are their places in `jobStates`. */
export const deletedState = -1

/** Columns that name a run: they never change. */
export const keyColumns = ['job_id', 'cluster', 'restart'] as const
/** Columns that follow from a run's document; together in one part are those that change together. */
export const columnParts = {
  phase: ['state', 'sort_at', 'start_at', 'end_at'],
  names: [
    ...['user_name', 'account', 'partition_name'],
    ...['array_job_id', 'array_task', 'het_job_id', 'het_offset', 'sluid'],
  ],
} as const
export type ColumnPart = keyof typeof columnParts

/** What the database keeps of a run beside its document. */
export interface RunRow {
  phase: readonly SqlValue[]
  names: readonly SqlValue[]
  /** All nodes that were ever named, each once. */
  nodes: readonly string[]
}

/** The columns and nodes that follow from a document. */
export function rowOf(doc: JobDoc): RunRow {
  const outline = outlineJob(doc)
  const deleted = doc.deletedAt !== undefined
  const group = outline.group ?? {}
  return {
    phase: [
      deleted ? deletedState : jobStates.indexOf(outline.state),
      outline.startTime ?? doc.firstAt,
      outline.startTime ?? null,
      doc.deletedAt ?? outline.endTime ?? null,
    ],
    names: [
      ...[outline.user, outline.account ?? '', outline.partition ?? ''],
      ...[group.arrayJobId ?? null, group.arrayTask ?? null, group.hetJobId ?? null, group.hetOffset ?? null],
      doc.sluid ?? null,
    ],
    nodes: nodesOf(doc, outline.nodes),
  }
}

/** Reads the columns of a part. */
export function partOf(row: Row, part: ColumnPart): SqlValue[] {
  return columnParts[part].map((column) => row[column] ?? null)
}

/** Whether the run may still change by itself. */
export function isOpenRow({ phase }: Pick<RunRow, 'phase'>): boolean {
  return isOpenState(phase[columnParts.phase.indexOf('state')])
}

/** Whether a run in this state may still change by itself. */
export function isOpenState(state: SqlValue | undefined): boolean {
  return state === 0 || state === 1
}

function nodesOf({ started, finished }: JobDoc, nodes: readonly string[]): readonly string[] {
  const all = new Set(nodes)
  for (const node in started) all.add(node)
  for (const node in finished) all.add(node)
  all.delete('')
  return all.size === nodes.length ? nodes : [...all]
}
