import { CommanderError } from 'commander'
import { CliError, type ExitCode, exitCodes } from './cli-error.ts'
import type { Io } from './io.ts'
import { createProgram } from './program/program.ts'

/**
 * Runs the command line. Never throws: what goes wrong is told on stderr.
 * @param args the arguments after the program's name
 * @returns the exit status
 */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok
  const program = createProgram(io, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!io.signal.aborted) return tell(error, io)
  }
  return io.signal.aborted ? exitCodes.interrupted : exitCode
}

function tell(error: unknown, io: Io): ExitCode {
  // commander has printed its own errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof CliError) {
    io.stderr.write(`navarch: ${message}\n${error.remedy === undefined ? '' : `${error.remedy}\n`}`)
    return error.code
  }
  const detail = io.env['NAVARCH_DEBUG'] && error instanceof Error ? error.stack : undefined
  io.stderr.write(`navarch: internal error: ${message}\n${detail ?? 'NAVARCH_DEBUG=1 shows where.'}\n`)
  return exitCodes.failed
}
