import type { OperationJson, OperationStepJson } from '@navarch/api/rest'
import { formatAge, formatSpan } from '../output/age.ts'
import { word } from '../output/style.ts'
import { type Column, renderFields, renderTable, type TableOptions } from '../output/table.ts'
import { orDash } from './nodes.ts'

/**
 * Operations, one a row.
 * @param now ms since the epoch, for ages
 */
export function operationsTable(
  operations: readonly OperationJson[],
  now: number,
  wide: boolean,
  options: TableOptions,
): string {
  const more: Column<OperationJson>[] = [
    { header: 'STARTED BY', cell: (operation) => operation.initiator },
    { header: 'UPDATED', cell: (operation) => formatAge(operation.updated_at, now) },
  ]
  return renderTable(
    [
      { header: 'OPERATION', cell: (operation) => operation.id },
      { header: 'KIND', cell: (operation) => operation.kind },
      { header: 'POOL', cell: (operation) => orDash(operation.pool) },
      { header: 'NODE', cell: (operation) => orDash(operation.node) },
      { header: 'STATE', cell: (operation) => word(operation.state) },
      { header: 'STEP', cell: (operation) => operation.step },
      { header: 'STARTED', cell: (operation) => formatAge(operation.created_at, now) },
      ...(wide ? more : []),
      { header: 'REASON', cell: (operation) => orDash(operation.reason) },
    ],
    operations,
    options,
  )
}

/** One operation with its steps. */
export function operationDetails(operation: OperationJson, now: number, options: TableOptions): string {
  const fields = renderFields(
    [
      ['Operation ID', operation.id],
      ['Kind', operation.kind],
      ['Pool', orDash(operation.pool)],
      ['Node', orDash(operation.node)],
      ['State', word(operation.state)],
      ['Reason', orDash(operation.reason)],
      ['Started by', operation.initiator],
      ['Started', formatAge(operation.created_at, now)],
      ['Updated', formatAge(operation.updated_at, now)],
    ],
    options,
  )
  const steps = renderTable(
    [
      { header: 'STEP', cell: (step) => step.name },
      { header: 'STATE', cell: (step) => word(step.state) },
      { header: 'TOOK', cell: (step) => duration(step, now) },
      { header: 'TRIES', cell: (step) => String(step.attempts), right: true },
      { header: 'MESSAGE', cell: (step) => orDash(step.message) },
    ],
    operation.steps,
    options,
  )
  return `${fields}\n${steps}`
}

function duration(step: OperationStepJson, now: number): string {
  if (step.started_at === null) return '-'
  const end = step.finished_at === null ? now : Date.parse(step.finished_at)
  return formatSpan(end - Date.parse(step.started_at))
}
