import type { OperationJson } from '@navarch/api/rest'
import type { CommandContext } from '../../context.ts'
import { ofKnownNames } from '../../known-names.ts'
import { operationTable } from '../../output/operation.ts'
import { listTable, show } from '../../show.ts'

export interface OperationListOptions {
  all?: boolean
  node?: string
  pool?: string
  watch?: boolean
}

/** `navarch operation list`: operations that are not over, or all of them. */
export async function operationList(context: CommandContext, options: OperationListOptions): Promise<number> {
  const { all, node, pool } = options
  const client = await context.connect()
  const where = `${node ? ` on node ${node}` : ''}${pool ? ` in pool ${pool}` : ''}`
  const none = all
    ? `No operations found${where}`
    : `No operations are under way${where} (--all shows those that are over)`
  return show(context, options, {
    fetch: async () => {
      const found = await client.list<OperationJson>('operations', { node, pool, all: all ? 'true' : undefined })
      return ofKnownNames(client, { node, pool }, found)
    },
    table: (operations) =>
      listTable(context, operations, none, (rows) => operationTable(rows, context.io.clock.now(), context.table())),
  })
}
