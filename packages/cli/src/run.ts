import { CommanderError } from 'commander'
import { argumentsOf, helpOf } from './called-as.ts'
import { CliError, endedBySignal, exitCodes, formatError } from './cli-error.ts'
import { createContext } from './context.ts'
import type { Io } from './io.ts'
import { createProgram } from './program/program.ts'

/**
 * Runs the command line. Never throws: what goes wrong is told on stderr.
 * @param given the arguments after the program's name
 * @param calledAs the program's name, where it has others than its own
 * @returns the exit status
 */
export async function run(given: readonly string[], io: Io, calledAs?: string): Promise<number> {
  let status: number = exitCodes.ok
  const program = createProgram(io.stdout, io.stderr, async (flags, work) => {
    status = await work(createContext(flags, io))
  })
  try {
    const ownHelp = helpOf(calledAs, given)
    if (ownHelp !== undefined) {
      io.stdout.write(ownHelp)
      return exitCodes.ok
    }
    const args = argumentsOf(calledAs, given)
    const [first] = args
    if (first === undefined) program.outputHelp()
    else if (first === '__complete') {
      const { printCandidates } = await import('./completion/print-candidates.ts')
      await printCandidates(program, args.slice(1), io)
    } else await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    // What an interrupted request throws is of no interest; what a command has to say still is.
    if (!io.signal.aborted || error instanceof CliError) status = tell(error, io)
  }
  if (status === endedBySignal) return exitCodes.ok
  return io.signal.aborted ? exitCodes.interrupted : status
}

function tell(error: unknown, io: Io): number {
  // commander has printed its own errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if (error instanceof CliError) {
    io.stderr.write(formatError(error))
    return error.code
  }
  const message = error instanceof Error ? error.message : String(error)
  const detail = io.env['NAVARCH_DEBUG'] && error instanceof Error ? error.stack : undefined
  io.stderr.write(`navarch: internal error: ${message}\n  ${detail ?? 'NAVARCH_DEBUG=1 shows where.'}\n`)
  return exitCodes.failed
}
