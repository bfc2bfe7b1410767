import { type CommandResult, CommandTimeoutError, type RunCommand } from '@navarch/system/run-command'
import { singleFlight } from '@navarch/system/single-flight'
import { fieldsToQuery, type GpuReading, parseFieldHelp, parseReading } from './gpu-reading.ts'
import { normalisePciBusId } from './pci-bus-id.ts'

/**
 * Why a look gave no reading:
 * - `stuck`: no answer within the deadline, or an earlier call is still held by the driver
 * - `missing`: the tool is not there, or could not be started
 * - `exit`: it ended with this status
 */
export type NvidiaSmiFailure =
  | { kind: 'stuck'; afterMs: number }
  | { kind: 'missing'; detail: string }
  | { kind: 'exit'; status: number; reason: ExitReason; output: string }

export type GpuLook = { kind: 'readings'; gpus: GpuReading[] } | { kind: 'failed'; failure: NvidiaSmiFailure }

/** Exit statuses of nvidia-smi. Source: its manual page, "RETURN VALUE". */
const exitReasons = {
  2: 'bad argument',
  3: 'not supported',
  4: 'no permission',
  6: 'no GPU found',
  8: 'power cable not attached',
  9: 'driver not loaded',
  10: 'interrupt problem',
  12: 'NVML library not found',
  13: 'NVML function not found',
  14: 'infoROM corrupt',
  15: 'GPU has fallen off the bus',
} as const
export type ExitReason = (typeof exitReasons)[keyof typeof exitReasons] | 'other'

export interface NvidiaSmi {
  /** Looks at every GPU once. Calls made during a look share its outcome. Never throws, never waits beyond the deadline. */
  look(): Promise<GpuLook>
}

export interface NvidiaSmiOptions {
  run: RunCommand
  /** Default "nvidia-smi", found through PATH. */
  program?: string
  /** How long one call may take, ms. Default 20,000: without persistence mode each GPU costs up to 3 s. */
  deadlineMs?: number
  /** Whether a call that did not answer is still there: a process held by the driver cannot be killed. Default: never. */
  stillStuck?: () => Promise<boolean>
  /** Ends the call in flight; its look then counts for nothing. */
  signal?: AbortSignal
}

/**
 * GPUs as `nvidia-smi` reports them: one query for everything.
 *
 * The driver's field names are asked for once, and again when it turns out to have been exchanged. After a call that
 * did not answer, no other is started until that one is gone: a wedged driver would collect one stuck process per look.
 */
export function createNvidiaSmi(options: NvidiaSmiOptions): NvidiaSmi {
  const program = options.program ?? 'nvidia-smi'
  const deadlineMs = options.deadlineMs ?? 20_000
  let queried: { driver: string | undefined; names: string[] } | undefined
  let wasStuck = false

  const call = (args: string[]): Promise<CommandResult> =>
    options.run(program, args, { deadlineMs, ...(options.signal && { signal: options.signal }) })

  const probe = async (): Promise<string[] | NvidiaSmiFailure> => {
    const help = await call(['--help-query-gpu'])
    if (help.code !== 0) return exitFailure(help)
    const names = fieldsToQuery(parseFieldHelp(help.stdout))
    if (names.length === 0)
      return { kind: 'missing', detail: `${program} --help-query-gpu lists no field that we know` }
    return names
  }

  const query = async (mayProbeAgain: boolean): Promise<GpuLook> => {
    const names = queried?.names ?? (await probe())
    if (!Array.isArray(names)) return { kind: 'failed', failure: names }
    const result = await call([`--query-gpu=${names.join(',')}`, '--format=csv,noheader,nounits'])
    const look = parseLook(result, names)
    const driver = look.kind === 'readings' ? look.gpus.find((gpu) => gpu.driverVersion)?.driverVersion : undefined
    const unknownField = look.kind === 'failed' && /not a valid field/i.test(result.stdout + result.stderr)
    const newDriver = driver !== undefined && queried?.driver !== undefined && driver !== queried.driver
    queried = unknownField || newDriver ? undefined : { driver: driver ?? queried?.driver, names }
    return queried === undefined && mayProbeAgain ? query(false) : look
  }

  const look = async (): Promise<GpuLook> => {
    try {
      if (wasStuck && (await options.stillStuck?.())) return stuck(deadlineMs)
      wasStuck = false
      return await query(true)
    } catch (error) {
      if (!(error instanceof CommandTimeoutError)) {
        return { kind: 'failed', failure: { kind: 'missing', detail: messageOf(error) } }
      }
      wasStuck = true
      return stuck(deadlineMs)
    }
  }
  return { look: singleFlight(look) }
}

/** What nvidia-smi says of a GPU that it cannot reach, in place of that GPU's values. */
const unreachable =
  /unable to determine the device handle for gpu\s*\d*:?\s*((?:[0-9a-f]+:)?[0-9a-f]+:[0-9a-f]+\.[0-7]):\s*(.*)/i

/**
 * Reads the outcome of a query. Lines that are no GPU are messages; one that names a lost GPU stands for that GPU.
 * @param names fields asked for, in order
 */
export function parseLook(result: CommandResult, names: readonly string[]): GpuLook {
  const gpus: GpuReading[] = []
  for (const line of `${result.stdout}\n${result.stderr}`.split('\n')) {
    if (line.trim() === '') continue
    const gone = lostGpu(line)
    const reading = gone ?? parseReading(line, names)
    if (reading) gpus.push(reading)
  }
  // A driver that lists the other GPUs ends with a status of its own: what it did list is worth more than the status.
  if (gpus.length > 0) return { kind: 'readings', gpus }
  if (result.code === 0)
    return { kind: 'failed', failure: { ...exitFailure(result), status: 6, reason: 'no GPU found' } }
  return { kind: 'failed', failure: exitFailure(result) }
}

function lostGpu(line: string): GpuReading | undefined {
  const match = unreachable.exec(line)
  if (!match) return undefined
  const pciBusId = normalisePciBusId(match[1] ?? '')
  const why = match[2] ?? ''
  if (pciBusId === undefined) return undefined
  if (/requires reset/i.test(why)) return { pciBusId, requiresReset: true }
  return /lost|fallen off|unknown error/i.test(why) ? { pciBusId, lost: true } : undefined
}

function exitFailure(result: CommandResult): Extract<NvidiaSmiFailure, { kind: 'exit' }> {
  const status = result.code ?? 255
  const reason: ExitReason = status in exitReasons ? exitReasons[status as keyof typeof exitReasons] : 'other'
  return { kind: 'exit', status, reason, output: `${result.stdout}\n${result.stderr}`.trim().slice(0, 2000) }
}

function stuck(afterMs: number): GpuLook {
  return { kind: 'failed', failure: { kind: 'stuck', afterMs } }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
