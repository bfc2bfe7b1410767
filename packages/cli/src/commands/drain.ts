import { changeNode, openOperation } from '../change-node.ts'
import type { CommandContext } from '../context.ts'
import { eachNode } from '../each-node.ts'
import { followOperation } from '../follow-operation.ts'

export interface DrainOptions {
  reason?: string
  wait?: boolean
}

/** `navarch drain NODE...`: no new work; running jobs end by themselves. All drains start before any is waited for. */
export async function drain(
  context: CommandContext,
  ids: string[],
  { wait, ...reason }: DrainOptions,
): Promise<number> {
  const client = await context.connect()
  const started: string[] = []
  const status = await eachNode(context, ids, async (id) => {
    const node = await changeNode(context, client, id, { route: 'nodeDrain', done: 'draining', ...reason })
    const operation = wait ? await openOperation(client, node) : undefined
    if (operation) started.push(operation.id)
    return undefined
  })
  const waited = await eachNode(context, started, (id) => followOperation(context, client, id))
  return status || waited
}
