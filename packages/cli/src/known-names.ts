import type { FleetJson } from '@navarch/api/views'
import { CliError, exitCodes } from './cli-error.ts'
import type { Client } from './client.ts'

/**
 * The items of a list that was filtered by a pool or a node. When there are none, the control plane is asked whether it
 * knows the names: a wrong name is an error, a known one without results is not.
 * @throws CliError "not found"
 */
export async function ofKnownNames<Item>(
  client: Client,
  filter: { pool?: string | undefined; node?: string | undefined },
  items: Item[],
): Promise<Item[]> {
  if (items.length > 0) return items
  // An empty name is no name: it is what belongs to none.
  if (filter.pool) await client.get('pool', { name: filter.pool })
  if (filter.node) await findNode(client, filter.node)
  return items
}

async function findNode(client: Client, node: string): Promise<void> {
  try {
    await client.get('node', { id: node })
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== exitCodes.notFound) throw error
    // Nodes without an agent are known from Slurm alone.
    const { nodes } = await client.get<FleetJson>('fleet')
    if (!nodes.some(({ id }) => id === node)) throw error
  }
}
