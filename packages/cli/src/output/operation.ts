import type { OperationJson, OperationStepJson } from '@navarch/api/rest'
import { formatAge, formatSpan } from './age.ts'
import { word } from './style.ts'
import { type Column, renderFields, renderTable, type TableOptions } from './table.ts'

/** One operation with its steps. */
export function describeOperation(operation: OperationJson, now: number, options: TableOptions): string {
  const fields = renderFields(
    [
      ['Operation', operation.id],
      ['Kind', operation.kind],
      ['Pool', operation.pool || '-'],
      ['Node', operation.node || '-'],
      ['State', word(operation.state)],
      ['Reason', operation.reason || '-'],
      ['Started by', operation.initiator],
      ...approvalField(operation, now),
      ['Started', formatAge(operation.created_at, now)],
      ['Updated', formatAge(operation.updated_at, now)],
    ],
    options,
  )
  return `${fields}\n${renderTable(stepColumns(now), operation.steps, options)}`
}

/** What people said of a proposal. */
function approvalField({ id, approval }: OperationJson, now: number): [string, string][] {
  if (!approval) return []
  if (approval.state === 'waiting') return [['Approval', `waits: navarch operation approve ${id}, or reject ${id}`]]
  const by = approval.by === null ? '' : ` by ${approval.by}`
  const why = approval.reason ? `: ${approval.reason}` : ''
  return [['Approval', `${approval.state}${by} ${formatAge(approval.at, now)}${why}`]]
}

/** Operations, one a line. */
export function operationTable(operations: readonly OperationJson[], now: number, options: TableOptions): string {
  return renderTable(operationColumns(now), operations, options)
}

function operationColumns(now: number): Column<OperationJson>[] {
  return [
    { header: 'OPERATION', cell: (operation) => operation.id },
    { header: 'KIND', cell: (operation) => operation.kind },
    { header: 'POOL', cell: (operation) => operation.pool || '-' },
    { header: 'NODE', cell: (operation) => operation.node || '-' },
    { header: 'STATE', cell: (operation) => word(operation.state) },
    { header: 'STEP', cell: (operation) => operation.step },
    { header: 'STARTED', cell: (operation) => formatAge(operation.created_at, now) },
    { header: 'UPDATED', cell: (operation) => formatAge(operation.updated_at, now) },
    { header: 'REASON', cell: (operation) => operation.reason || '-' },
  ]
}

function stepColumns(now: number): Column<OperationStepJson>[] {
  return [
    { header: 'STEP', cell: (step) => step.name },
    { header: 'STATE', cell: (step) => word(step.state) },
    { header: 'TOOK', cell: (step) => took(step, now), right: true },
    { header: 'TRIES', cell: (step) => String(step.attempts), right: true },
    { header: 'MESSAGE', cell: (step) => step.message || '-' },
  ]
}

function took({ started_at, finished_at }: OperationStepJson, now: number): string {
  if (started_at === null) return '-'
  return formatSpan((finished_at === null ? now : Date.parse(finished_at)) - Date.parse(started_at))
}
