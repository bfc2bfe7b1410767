import type { CommandOptions, RunCommand } from '@navarch/system/run-command'
import { LabError } from './errors.ts'

/**
 * Runs a command that has to succeed and returns its standard output.
 * @throws LabError with the end of its output when it exits with another status than 0
 */
export async function mustRun(
  run: RunCommand,
  program: string,
  args: readonly string[],
  options: Partial<CommandOptions> = {},
): Promise<string> {
  const result = await run(program, args, { deadlineMs: 20_000, ...options })
  if (result.code === 0) return result.stdout
  const said = (result.stderr.trim() || result.stdout.trim()).slice(-2000)
  throw new LabError(`${program} ${args.join(' ')}: exit ${result.code ?? result.signal}: ${said}`)
}
