import type { OperationJson } from '@navarch/api/rest'
import type { CommandContext } from '../../context.ts'
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
  const none = all ? 'No operations found' : 'No operations are under way (--all shows those that are over)'
  return show(context, options, {
    fetch: () => client.list<OperationJson>('operations', { node, pool, all: all ? 'true' : undefined }),
    table: (operations) =>
      listTable(context, operations, none, (rows) => operationTable(rows, context.io.clock.now(), context.table())),
  })
}
