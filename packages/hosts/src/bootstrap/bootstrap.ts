import type { Clock } from '@navarch/system/clock'
import { HostError } from '../host-error.ts'
import { redactor } from '../redact.ts'
import type { SshSession } from '../ssh.ts'
import type { BootstrapStep } from './bootstrap-step.ts'

/** What was done to a machine, step by step. Free of secrets: it is stored and shown. */
export interface BootstrapLog {
  node: string
  pool: string
  /** ms since the epoch. */
  startedAt: number
  durationMs: number
  /** How long it took until SSH answered, before `startedAt`. */
  sshWaitMs: number
  success: boolean
  /** Which step failed and how; empty on success. */
  error: string
  commands: BootstrapCommand[]
}

export interface BootstrapCommand {
  name: string
  /** The script, or the path, size and mode of a file. */
  command: string
  stdout: string
  stderr: string
  /** undefined when it had no exit status: killed, or the connection lost. */
  exitCode: number | undefined
  durationMs: number
}

export interface BootstrapOptions {
  node: string
  pool: string
  steps: readonly BootstrapStep[]
  session: SshSession
  sshWaitMs: number
  /** Secrets that no log may show, e.g. tokens. */
  redact: readonly string[]
  clock: Clock
  signal: AbortSignal
  /** For each step without a deadline of its own; default five minutes. */
  stepDeadlineMs?: number
  /** Told when a step starts, so that a person sees where it stands. */
  onStep?: (step: { name: string; number: number; of: number }) => void
}

/**
 * Does steps in order on a machine; the first that fails ends it. A failure is an outcome, not an error: the log says
 * what was done until then. The caller closes the session.
 * @throws nothing but the signal's reason
 */
export async function bootstrap(options: BootstrapOptions): Promise<BootstrapLog> {
  const { node, pool, steps, sshWaitMs, clock, signal } = options
  const startedAt = clock.now()
  const commands: BootstrapCommand[] = []
  const finish = (error: string): BootstrapLog => {
    const durationMs = clock.now() - startedAt
    return { node, pool, startedAt, durationMs, sshWaitMs, success: error === '', error, commands }
  }
  const hide = redactor(options.redact)
  for (const [index, step] of steps.entries()) {
    signal.throwIfAborted()
    options.onStep?.({ name: step.name, number: index + 1, of: steps.length })
    const { command, error } = await doStep(step, options)
    commands.push({
      ...command,
      command: hide(command.command),
      stdout: hide(command.stdout),
      stderr: hide(command.stderr),
    })
    if (error !== undefined) return finish(hide(`${step.name}: ${error}`))
  }
  return finish('')
}

interface StepOutcome {
  command: BootstrapCommand
  error?: string
}

async function doStep(step: BootstrapStep, options: BootstrapOptions): Promise<StepOutcome> {
  const { session, clock, signal, stepDeadlineMs = 5 * 60_000 } = options
  const startedAt = clock.now()
  const command: BootstrapCommand = {
    name: step.name,
    command: describe(step),
    stdout: '',
    stderr: '',
    exitCode: undefined,
    durationMs: 0,
  }
  try {
    if (step.kind === 'write') {
      const { path, content, mode, owner } = step
      await session.writeFile(path, content, { mode, signal, ...(owner !== undefined && { owner }) })
      return { command: { ...command, exitCode: 0, durationMs: clock.now() - startedAt } }
    }
    const deadlineMs = step.deadlineMs ?? stepDeadlineMs
    const { stdout, stderr, exitCode, signal: killedBy } = await session.run(step.script, { deadlineMs, signal })
    const done = { command: { ...command, stdout, stderr, exitCode, durationMs: clock.now() - startedAt } }
    if (exitCode === 0) return done
    const how = exitCode === undefined ? `ended by ${killedBy ?? 'a signal'}` : `exit status ${exitCode}`
    return { ...done, error: `${how}${lastLine(stderr) || lastLine(stdout)}` }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof HostError)) throw error
    const durationMs = clock.now() - startedAt
    const remedy = error.remedy === '' ? '' : ` ${error.remedy}`
    return { command: { ...command, ...error.output, durationMs }, error: `${error.message}${remedy}` }
  }
}

function describe(step: BootstrapStep): string {
  if (step.kind === 'run') return step.script
  const bytes = Buffer.byteLength(step.content)
  return `write ${step.path} (${bytes} bytes, mode ${step.mode.toString(8).padStart(4, '0')})`
}

function lastLine(output: string): string {
  const line = output.trim().split('\n').at(-1) ?? ''
  return line === '' ? '' : `: ${line.slice(0, 300)}`
}
