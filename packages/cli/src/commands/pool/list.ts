import type { PoolJson } from '@navarch/api/rest'
import type { CommandContext } from '../../context.ts'
import { isNotable } from '../../output/condition.ts'
import { sizedBy } from '../../output/sized-by.ts'
import { type Column, renderTable } from '../../output/table.ts'
import { listTable, show } from '../../show.ts'

/** `navarch pool list`: pools, their size and what stands in their way. */
export async function poolList(context: CommandContext, options: { watch?: boolean }): Promise<number> {
  const client = await context.connect()
  const columns = context.output === 'wide' ? wideColumns : shortColumns
  return show(context, options, {
    fetch: () => client.list<PoolJson>('pools'),
    table: (pools) =>
      listTable(context, pools, 'No pools found', (rows) => renderTable(columns, rows, context.table())),
  })
}

const number = (header: string, value: (size: PoolJson['size']) => number): Column<PoolJson> => ({
  header,
  cell: (pool) => String(value(pool.size)),
  right: true,
})

const first: Column<PoolJson>[] = [
  { header: 'POOL', cell: (pool) => pool.name },
  { header: 'PROVIDER', cell: (pool) => pool.provider },
  { header: 'PARTITION', cell: (pool) => pool.partition ?? 'unknown' },
  number('MIN', (size) => size.min),
  number('MAX', (size) => size.max),
  number('WANTED', (size) => size.wanted),
  number('READY', (size) => size.ready),
  number('BUSY', (size) => size.busy),
  number('PROVISIONING', (size) => size.provisioning),
  { header: 'SIZED-BY', cell: (pool) => (pool.manual_size === null ? sizedBy(pool) : 'operator') },
]
const notes: Column<PoolJson> = {
  header: 'NOTES',
  cell: ({ conditions }) =>
    conditions
      .filter(isNotable)
      .map(({ reason }) => reason)
      .join(', ') || '-',
}
const shortColumns = [...first, notes]
const wideColumns: Column<PoolJson>[] = [
  ...first,
  { header: 'INSTANCE-TYPE', cell: (pool) => pool.instance_type || '-' },
  { header: 'REGION', cell: (pool) => pool.region || '-' },
  { header: 'NAMING', cell: (pool) => pool.naming },
  notes,
]
