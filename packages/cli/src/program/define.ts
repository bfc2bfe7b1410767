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

/** What a `--watch` flag says in each help. */
export const watchFlag = [
  '-w, --watch',
  'keep showing it: redrawn on a terminal, one document per change elsewhere',
] as const
