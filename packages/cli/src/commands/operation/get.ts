import type { OperationJson } from '@navarch/api/rest'
import type { CommandContext } from '../../context.ts'
import { followOperation } from '../../follow-operation.ts'
import { describeOperation } from '../../output/operation.ts'
import { show } from '../../show.ts'

export interface OperationGetOptions {
  follow?: boolean
  watch?: boolean
}

/** `navarch operation get ID`: one operation and its steps; followed until it is over, if asked. */
export async function operationGet(context: CommandContext, id: string, options: OperationGetOptions): Promise<number> {
  const client = await context.connect()
  if (options.follow) return followOperation(context, client, id)
  return show(context, options, {
    fetch: () => client.get<OperationJson>('operation', { id }),
    table: (operation) => describeOperation(operation, context.io.clock.now(), context.table()),
  })
}
