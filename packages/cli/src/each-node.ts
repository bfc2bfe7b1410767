import { CliError, exitCodes, formatError } from './cli-error.ts'
import type { CommandContext } from './context.ts'

/**
 * Does something to each of several nodes, in order; one that fails does not stop the others, except when the control
 * plane cannot be reached. The status is that of the first failure.
 */
export async function eachNode(
  { io }: CommandContext,
  ids: readonly string[],
  act: (id: string) => Promise<number | undefined>,
): Promise<number> {
  let status: number = exitCodes.ok
  for (const id of new Set(ids)) {
    try {
      const own = await act(id)
      status ||= own ?? exitCodes.ok
    } catch (error) {
      if (!(error instanceof CliError) || error.code === exitCodes.unreachable) throw error
      io.stderr.write(formatError(error))
      status ||= error.code
    }
  }
  return status
}
