import type { ConditionJson, PoolExplanationJson, PoolJson } from '@navarch/api/rest'
import { formatAge, formatSpan } from '../output/age.ts'
import { word } from '../output/style.ts'
import { type Cell, type Column, renderFields, renderTable, type TableOptions } from '../output/table.ts'
import { orDash } from './nodes.ts'

/** Pools, one a row; the last column has what is wrong. */
export function poolsTable(pools: readonly PoolJson[], wide: boolean, options: TableOptions): string {
  const more: Column<PoolJson>[] = [
    { header: 'REGION', cell: (pool) => orDash(pool.region) },
    { header: 'INSTANCE TYPE', cell: (pool) => orDash(pool.instance_type) },
    { header: 'NAMES', cell: (pool) => word(pool.naming) },
  ]
  return renderTable(
    [
      { header: 'POOL', cell: (pool) => pool.name },
      { header: 'PROVIDER', cell: (pool) => pool.provider },
      { header: 'PARTITION', cell: (pool) => pool.partition ?? word('unknown') },
      { header: 'MIN', cell: (pool) => String(pool.size.min), right: true },
      { header: 'MAX', cell: (pool) => String(pool.size.max), right: true },
      { header: 'WANTED', cell: (pool) => String(pool.size.wanted), right: true },
      { header: 'READY', cell: (pool) => String(pool.size.ready), right: true },
      { header: 'BUSY', cell: (pool) => String(pool.size.busy), right: true },
      { header: 'PROVISIONING', cell: (pool) => String(pool.size.provisioning), right: true },
      { header: 'AUTOSCALER', cell: autoscalerOf },
      ...(wide ? more : []),
      { header: 'CONDITION', cell: (pool) => worst(pool.conditions) },
    ],
    pools,
    options,
  )
}

/** One pool with its conditions. */
export function poolDetails(pool: PoolJson, now: number, options: TableOptions): string {
  const { size } = pool
  const fields = renderFields(
    [
      ['Pool', pool.name],
      ['Provider', pool.provider_type === pool.provider ? pool.provider : `${pool.provider} (${pool.provider_type})`],
      ['Region', orDash(pool.region)],
      ['Instance Type', orDash(pool.instance_type)],
      ['Partition', pool.partition ?? word('unknown')],
      ['Names in Slurm', word(pool.naming)],
      ['Limits', `${size.min} to ${size.max}`],
      ['Wanted', String(size.wanted)],
      ['Ready', String(size.ready)],
      ['Busy', String(size.busy)],
      ['Provisioning', String(size.provisioning)],
      ['Autoscaler', autoscalerOf(pool)],
      ['Nodes', orDash(pool.nodes.join(', '))],
    ],
    options,
  )
  if (pool.conditions.length === 0) return fields
  const conditions = renderTable(
    [
      { header: 'CONDITION', cell: (condition) => condition.type },
      { header: 'STATUS', cell: conditionStatus },
      { header: 'REASON', cell: (condition) => condition.reason },
      { header: 'SINCE', cell: (condition) => formatAge(condition.since, now) },
      { header: 'MESSAGE', cell: (condition) => orDash(condition.message) },
    ],
    pool.conditions,
    options,
  )
  return `${fields}\n${conditions}`
}

/** Why a pool has its size: the decision, the autoscalers below it, and each job. */
export function poolExplanation(explanation: PoolExplanationJson, options: TableOptions): string {
  const { data_age_seconds: age, unknown_reasons: unknown } = explanation
  const sections = [
    renderFields(
      [
        ['Pool', explanation.pool],
        ['Wanted', String(explanation.wanted)],
        ['Because', explanation.reason],
        ["Slurm's data", age === null ? word('unknown') : `${formatSpan(age * 1000)} old`],
        ...(unknown.length > 0 ? [['Unknown reasons', `${unknown.join(', ')} (not counted)`] as const] : []),
      ],
      options,
    ),
  ]
  if (explanation.parts.length > 0) {
    const columns: Column<PoolExplanationJson['parts'][number]>[] = [
      { header: 'AUTOSCALER', cell: (part) => part.type },
      { header: 'WANTS', cell: (part) => part.wanted?.toString() ?? word('unknown'), right: true },
      { header: 'BECAUSE', cell: (part) => part.reason },
    ]
    sections.push(renderTable(columns, explanation.parts, options))
  }
  if (explanation.jobs.length > 0) {
    const columns: Column<PoolExplanationJson['jobs'][number]>[] = [
      { header: 'JOB', cell: (job) => job.job },
      { header: 'STATE', cell: (job) => job.state },
      { header: 'COUNTED', cell: (job) => (job.counted ? 'yes' : 'no') },
      { header: 'NODES', cell: (job) => String(job.nodes), right: true },
      { header: 'BECAUSE', cell: (job) => orDash(job.reason) },
    ]
    sections.push(renderTable(columns, explanation.jobs, options))
  }
  return sections.join('\n')
}

function autoscalerOf(pool: PoolJson): string {
  return pool.manual_size === null ? pool.autoscaler : `${pool.autoscaler}, held at ${pool.manual_size}`
}

function worst(conditions: readonly ConditionJson[]): Cell {
  const failing = conditions.filter((condition) => condition.status === 'false')
  const [first] = failing
  if (!first) return { text: 'ok', tone: 'good' }
  const more = failing.length > 1 ? `, and ${failing.length - 1} more` : ''
  return { text: `${first.reason}${more}`, tone: 'bad' }
}

function conditionStatus({ status }: ConditionJson): Cell {
  return status === 'false' ? { text: status, tone: 'bad' } : word(status)
}
