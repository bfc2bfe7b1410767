import type { NodeJson, OperationJson } from '@navarch/api/rest'
import type { Route } from '@navarch/api/routes'
import type { Client } from './client.ts'
import type { CommandContext } from './context.ts'
import { formatAge } from './output/age.ts'
import { renderDocument } from './output/print.ts'

/** Silence after which a node is unlikely to follow soon, ms. */
const silentMs = 120_000

export interface NodeChange {
  route: Route
  /** What became of the node, e.g. "cordoned". */
  done: string
  reason?: string
}

/** Changes one node, and prints what happened and the operation that carries it out. */
export async function changeNode(
  context: CommandContext,
  client: Client,
  id: string,
  change: NodeChange,
): Promise<NodeJson> {
  const node = await client.post<NodeJson>(
    change.route,
    { id },
    change.reason === undefined ? {} : { reason: change.reason },
  )
  const lines = [`Node ${node.id} ${change.done}`, ...node.operations.map((operation) => `Operation ID: ${operation}`)]
  context.io.stdout.write(await renderDocument(context, node, () => `${lines.join('\n')}\n`, { many: true }))
  warnOfSilence(context, node)
  return node
}

/** The newest operation of a node that is not over; undefined when there is none. */
export async function openOperation(client: Client, node: NodeJson): Promise<OperationJson | undefined> {
  const id = node.operations.at(-1)
  return id === undefined ? undefined : client.get<OperationJson>('operation', { id })
}

function warnOfSilence({ io }: CommandContext, node: NodeJson): void {
  const now = io.clock.now()
  if (node.last_heartbeat === null) io.stderr.write(`warning: node ${node.id} has never sent a heartbeat\n`)
  else if (now - Date.parse(node.last_heartbeat) > silentMs) {
    io.stderr.write(`warning: node ${node.id} sent its last heartbeat ${formatAge(node.last_heartbeat, now)}\n`)
  }
}
