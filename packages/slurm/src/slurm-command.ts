import type { CommandResult, RunCommand, SlurmClock } from './run-command.ts'
import { SlurmError, type SlurmErrorCode } from './slurm-error.ts'

export interface SlurmCommandOptions {
  run: RunCommand
  clock: SlurmClock
  bin?: string
  conf?: string
  deadlineMs: number
}

/** A command's output, and what it took. */
export interface SlurmOutput {
  stdout: string
  command: string
  tookMs: number
}

/** Settings of a login shell that would change what the commands print. */
const unset = [
  'SLURM_CLUSTERS',
  'SLURM_TIME_FORMAT',
  'SLURM_TOPO_LEN',
  'SLURM_JSON',
  'SLURM_YAML',
  'SACCT_FEDERATION',
  'SACCT_FORMAT',
  'SACCT_LOCAL',
  'SCONTROL_ALL',
  'SCONTROL_FEDERATION',
  'SCONTROL_FUTURE',
  'SCONTROL_LOCAL',
  'SCONTROL_SIBLING',
  'SDIAG_SORT_BY_TIME',
  'SQUEUE_ACCOUNT',
  'SQUEUE_ALL',
  'SQUEUE_ARRAY',
  'SQUEUE_ARRAY_UNIQUE',
  'SQUEUE_FEDERATION',
  'SQUEUE_FORMAT',
  'SQUEUE_FORMAT2',
  'SQUEUE_LICENSES',
  'SQUEUE_LOCAL',
  'SQUEUE_NAMES',
  'SQUEUE_PARTITION',
  'SQUEUE_PRIORITY',
  'SQUEUE_QOS',
  'SQUEUE_SIB',
  'SQUEUE_SORT',
  'SQUEUE_STATES',
  'SQUEUE_USERS',
]

/**
 * Runs one of Slurm's programs with times in UTC, array tasks whole, and nothing of the caller's own formats.
 * @throws SlurmError
 */
export async function runSlurm(
  options: SlurmCommandOptions,
  program: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<SlurmOutput> {
  const path = options.bin === undefined ? program : `${options.bin.replace(/\/$/, '')}/${program}`
  const command = describeCommand(path, args)
  const started = options.clock.now()
  const env: Record<string, string | undefined> = Object.fromEntries(unset.map((name) => [name, undefined]))
  Object.assign(env, { TZ: 'UTC', SLURM_BITSTR_LEN: '0' })
  if (options.conf !== undefined) env['SLURM_CONF'] = options.conf
  let result: CommandResult
  try {
    const limits = { deadlineMs: options.deadlineMs, env }
    result = await options.run(path, args, signal ? { ...limits, signal } : limits)
  } catch (cause) {
    throw startError(cause, command, options.deadlineMs)
  }
  if (result.code !== 0) throw exitError(result, command)
  return { stdout: result.stdout, command, tookMs: options.clock.now() - started }
}

function startError(cause: unknown, command: string, deadlineMs: number): SlurmError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'command_timeout')
    return new SlurmError('timeout', `${command}: no answer within ${deadlineMs} ms`, { command, cause })
  const message = cause instanceof Error ? cause.message : String(cause)
  if (code === 'command_start' || code === 'ENOENT' || code === 'EACCES')
    return new SlurmError('missing-command', `${message}; install slurm-client or set the folder of Slurm's commands`, {
      command,
      cause,
    })
  return new SlurmError('failed', `${command}: ${message}`, { command, cause })
}

/** What Slurm says, and what it means. First match wins; texts of 22.05 to 26.05 (src/common/slurm_errno.c). */
const meanings: readonly (readonly [RegExp, SlurmErrorCode])[] = [
  [/access\/permission denied|permission denied|invalid user id|authentication|munge|not authori[sz]ed/i, 'permission'],
  [
    /unable to contact slurm controller|connect failure|connection refused|socket timed out|zero bytes were transmitted|problem talking to the database|standby mode|configuration source|fetch_config|no route to host|name or service not known|unable to resolve|cannot communicate/i,
    'unreachable',
  ],
  [/not found|invalid node name|invalid job id|invalid partition name|invalid reservation|unknown node/i, 'not-found'],
  [
    /invalid node state|invalid (?:input|argument)|requested nodes? (?:are|is) busy|request denied|request aborted|you must specify a reason|not valid|not available|already (?:exists|in use)|disabled|invalid/i,
    'refused',
  ],
]

/** What words of Slurm's about a failure mean. */
export function meaningOf(said: string): SlurmErrorCode {
  return meanings.find(([pattern]) => pattern.test(said))?.[1] ?? 'failed'
}

/** The error that a failed command stands for. scontrol prints some of its errors on standard output. */
export function exitError(
  result: Pick<CommandResult, 'code' | 'signal' | 'stdout' | 'stderr'>,
  command: string,
): SlurmError {
  const stderr = result.stderr.trim()
  const said = stderr === '' ? result.stdout.trim().slice(-2000) : stderr
  const code = meaningOf(said)
  const ending = result.signal === null ? `exit ${result.code}` : `ended by ${result.signal}`
  return new SlurmError(code, `${command}: ${said === '' ? ending : said.replaceAll(/\s*\n\s*/g, '; ')}`, {
    command,
    stderr: said,
  })
}

/** The command line for people; separators that cannot be seen are written as escapes. */
function describeCommand(program: string, args: readonly string[]): string {
  return [program, ...args]
    .map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ')
    .slice(0, 300)
}
