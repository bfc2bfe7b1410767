import type { OperationJson } from '@navarch/api/rest'
import { CliError, exitCodes } from './cli-error.ts'
import type { Client } from './client.ts'
import type { CommandContext } from './context.ts'
import { describeOperation } from './output/operation.ts'
import { watch } from './watch.ts'

/** How often a followed operation is looked at, ms. */
const intervalMs = 1_000

/** Whether nothing more happens to an operation by itself. */
export function isOver({ state }: OperationJson): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled'
}

/**
 * Shows an operation's steps as they happen until it is over: redrawn on a terminal, a line for each change elsewhere.
 * @returns 0 when it succeeded, 1 when it failed, was cancelled, or the user stopped waiting
 */
export async function followOperation(context: CommandContext, client: Client, id: string): Promise<number> {
  const { io } = context
  const told = new Set<string>()
  let over = false
  const status = await watch(context, {
    fetch: () => client.get<OperationJson>('operation', { id }),
    table: (operation) =>
      io.stdout.isTTY ? describeOperation(operation, io.clock.now(), context.table()) : news(operation, told),
    until: (operation) => {
      over = isOver(operation)
      if (!over) return undefined
      return operation.state === 'succeeded' ? exitCodes.ok : exitCodes.failed
    },
    intervalMs,
  })
  if (!over) {
    throw new CliError(exitCodes.failed, `operation ${id} goes on`, `See "navarch operation get ${id} --follow".`)
  }
  return status
}

/** Lines for what has not been told yet. */
function news(operation: OperationJson, told: Set<string>): string {
  const lines = operation.steps
    .filter((step) => step.state !== 'pending')
    .map((step) => [step.name, step.state, step.message].filter(Boolean).join(': '))
  if (isOver(operation)) lines.push(`${operation.kind} ${operation.id} ${operation.state}`)
  const fresh = lines.filter((line) => !told.has(line))
  for (const line of fresh) told.add(line)
  return fresh.map((line) => `${line}\n`).join('')
}
