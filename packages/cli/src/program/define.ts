import { type Command, InvalidArgumentError } from 'commander'
import type { CommandContext, GlobalFlags } from '../context.ts'

/** Runs a command's work with the flags that every command takes. Help and completion never get here. */
export type Act = (flags: GlobalFlags, work: Work) => Promise<void>
export type Work = (context: CommandContext) => Promise<number>

/** Adds commands to the program; `act` runs what they do. */
export type Define = (parent: Command, act: (work: Work) => Promise<void>) => void

/** Examples under a command's help, without the leading "navarch". */
export function examples(command: Command, ...lines: string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  navarch ${line}`).join('\n')}`)
}

/** Parses a whole number of at least 0, for commander. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

/** A hundred years: what is longer leads out of what a calendar has. */
const longestMs = 36_500 * 86_400_000

/** Parses a number of rows that the control plane gives at once, for commander. */
export function rowLimit(text: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > 1000) throw new InvalidArgumentError('It must be a whole number from 1 to 1000.')
  return value
}

/** Parses a time span such as "90s", "24h" or "7d" into ms, for commander. */
export function duration(text: string): number {
  const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
  const match = /^(\d{1,9})([smhd])$/.exec(text)
  const ms = Number(match?.[1]) * (unitMs[match?.[2] ?? ''] ?? Number.NaN)
  if (!(ms > 0)) throw new InvalidArgumentError('It must be a number with a unit: 90s, 30m, 24h or 7d.')
  if (ms > longestMs) throw new InvalidArgumentError('It must be at most 36500d.')
  return ms
}

/** What a `--watch` flag says in each help. */
export const watchFlag = [
  '-w, --watch',
  'keep showing it: redrawn on a terminal, one document per change elsewhere',
] as const
