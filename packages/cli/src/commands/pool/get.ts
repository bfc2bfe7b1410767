import type { ConditionJson, PoolJson } from '@navarch/api/rest'
import type { CommandContext } from '../../context.ts'
import { formatAge } from '../../output/age.ts'
import { conditionStatus } from '../../output/condition.ts'
import { sizedBy } from '../../output/sized-by.ts'
import { type Column, renderFields, renderTable, type TableOptions } from '../../output/table.ts'
import { show } from '../../show.ts'

/** `navarch pool get NAME`: one pool, its size, nodes and conditions. */
export async function poolGet(context: CommandContext, name: string, options: { watch?: boolean }): Promise<number> {
  const client = await context.connect()
  return show(context, options, {
    fetch: () => client.get<PoolJson>('pool', { name }),
    table: (pool) => describePool(pool, context.io.clock.now(), context.table()),
  })
}

const namings: Record<PoolJson['naming'], string> = {
  future: 'FUTURE names of slurm.conf',
  cloud: 'CLOUD names of slurm.conf',
  static: 'names of slurm.conf that are down',
  dynamic: 'dynamic nodes (MaxNodeCount)',
  none: 'none: no Slurm here',
  unknown: 'unknown',
}

function describePool(pool: PoolJson, now: number, options: TableOptions): string {
  const { size } = pool
  const fields = renderFields(
    [
      ['Pool', pool.name],
      ['Provider', pool.provider === pool.provider_type ? pool.provider : `${pool.provider} (${pool.provider_type})`],
      ['Instance type', pool.instance_type || '-'],
      ['Region', pool.region || '-'],
      ['Partition', pool.partition ?? 'unknown'],
      ['New hosts', namings[pool.naming]],
      ['Size', `${size.wanted} wanted, ${size.min} to ${size.max} allowed`],
      ['Nodes', `${size.ready} ready, ${size.busy} busy, ${size.provisioning} provisioning`],
      ['Sized by', pool.manual_size === null ? sizedBy(pool) : `operator: ${pool.manual_size} (--auto gives it back)`],
      ['Names', pool.nodes.join(', ') || 'none'],
    ],
    options,
  )
  if (pool.conditions.length === 0) return fields
  return `${fields}\nConditions:\n${renderTable(columns(now), pool.conditions, options)}`
}

function columns(now: number): Column<ConditionJson>[] {
  return [
    { header: 'TYPE', cell: (condition) => condition.type },
    { header: 'STATUS', cell: conditionStatus },
    { header: 'SINCE', cell: (condition) => formatAge(condition.since, now) },
    { header: 'REASON', cell: (condition) => condition.reason },
    { header: 'MESSAGE', cell: (condition) => condition.message || '-' },
  ]
}
