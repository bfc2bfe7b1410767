import { changeNode } from '../change-node.ts'
import type { CommandContext } from '../context.ts'
import { eachNode } from '../each-node.ts'

/** `navarch uncordon NODE...`: gives nodes back to Slurm. */
export async function uncordon(context: CommandContext, ids: string[], options: { reason?: string }): Promise<number> {
  const client = await context.connect()
  return eachNode(context, ids, async (id) => {
    await changeNode(context, client, id, { route: 'nodeUncordon', done: 'uncordoned', ...options })
    return undefined
  })
}
