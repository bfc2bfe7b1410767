import { changeNode } from '../change-node.ts'
import type { CommandContext } from '../context.ts'
import { eachNode } from '../each-node.ts'

/** `navarch cordon NODE...`: keeps new work away. */
export async function cordon(context: CommandContext, ids: string[], options: { reason?: string }): Promise<number> {
  const client = await context.connect()
  return eachNode(context, ids, async (id) => {
    await changeNode(context, client, id, { route: 'nodeCordon', done: 'cordoned', ...options })
    return undefined
  })
}
