import type { OperationJson } from '@navarch/api/rest'
import type { CommandContext } from '../../context.ts'
import { printDocument } from '../../output/print.ts'

/** `navarch operation cancel ID`: the operation stops at its next safe point. */
export async function operationCancel(context: CommandContext, id: string): Promise<number> {
  const client = await context.connect()
  const operation = await client.post<OperationJson>('operationCancel', { id })
  const outcome =
    operation.state === 'cancelled' ? 'cancelled' : `is asked to stop; now ${operation.state} at step ${operation.step}`
  await printDocument(context, operation, () => `Operation ${operation.id} ${outcome}\n`)
  return 0
}

/** `navarch operation retry ID`: a failed operation goes on from the step that failed. */
export async function operationRetry(context: CommandContext, id: string): Promise<number> {
  const client = await context.connect()
  const operation = await client.post<OperationJson>('operationRetry', { id })
  await printDocument(
    context,
    operation,
    () => `Operation ${operation.id} ${operation.state} at step ${operation.step}\n`,
  )
  return 0
}
