import { decodeWaitStatus, type ExitCode } from '../exit-code.ts'
import { asObject, numberOf, objectOf, wordsOf } from './json-value.ts'

/**
 * An exit status of Slurm's JSON: a raw wait status (0.0.36 to 0.0.38), or `{status, return_code, signal}`.
 * @returns undefined when it does not say
 * @throws SlurmParseError
 */
export function exitOfJson(value: unknown): ExitCode | undefined {
  if (typeof value === 'number') return decodeWaitStatus(value)
  if (value === undefined || value === null) return undefined
  const exit = asObject(value, 'exit_code')
  const signals = objectOf(exit, 'signal')
  const signal = numberOf(signals, 'id') ?? numberOf(signals, 'signal_id')
  const status = numberOf(exit, 'return_code')
  if (signal === undefined && status === undefined) return undefined
  return { status: status ?? 0, signal: signal ?? 0, coreDumped: wordsOf(exit, 'status').includes('CORE_DUMPED') }
}
