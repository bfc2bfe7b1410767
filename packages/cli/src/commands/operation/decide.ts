import type { OperationJson } from '@navarch/api/rest'
import type { CommandContext } from '../../context.ts'
import { printDocument } from '../../output/print.ts'

/** `navarch operation approve ID`: what was proposed is done. */
export async function operationApprove(context: CommandContext, id: string): Promise<number> {
  const client = await context.connect()
  const operation = await client.post<OperationJson>('operationApprove', { id })
  const { kind, node } = operation
  await printDocument(context, operation, () => `Operation ${operation.id} approved: ${kind} ${node} has begun\n`)
  return 0
}

/** `navarch operation reject ID`: what was proposed is not done, nor proposed again for a while. */
export async function operationReject(
  context: CommandContext,
  id: string,
  { reason = '' }: { reason?: string },
): Promise<number> {
  const client = await context.connect()
  const operation = await client.post<OperationJson>('operationReject', { id }, { reason })
  const { kind, node } = operation
  await printDocument(context, operation, () => `Operation ${operation.id} rejected: no ${kind} of ${node}\n`)
  return 0
}
