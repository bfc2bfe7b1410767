import type { Command, Option } from 'commander'
import { helpTopics } from '../help-topics.ts'

/** A word that may come next, and what it is. */
export interface Candidate {
  word: string
  description: string
}

/** What the next word may be: one of these, the name of a file, or a name that only the control plane knows. */
export type Expected =
  | { kind: 'words'; candidates: Candidate[] }
  | { kind: 'files' }
  | { kind: 'nodes' | 'pools' | 'operations' | 'jobs' | 'alerts' | 'silences' | 'receivers' }

export interface Completion {
  expected: Expected
  /** What is typed of the word so far. */
  prefix: string
  /** Values of the flags on the line so far, by commander's attribute names. */
  flags: Record<string, string>
}

const lookups: Record<string, Expected> = {
  node: { kind: 'nodes' },
  pool: { kind: 'pools' },
  operation: { kind: 'operations' },
  job: { kind: 'jobs' },
  alert: { kind: 'alerts' },
  silence: { kind: 'silences' },
  receiver: { kind: 'receivers' },
  file: { kind: 'files' },
}

/** What may come at the end of a line. @param line the words after the program's name; the last is being typed */
export function complete(program: Command, line: readonly string[]): Completion {
  const flags: Record<string, string> = {}
  let command = program
  let position = 0
  let pending: Option | undefined
  for (const word of line.slice(0, -1)) {
    if (pending) {
      flags[pending.attributeName()] = word
      pending = undefined
    } else if (word.startsWith('-')) {
      const [name = '', value] = word.split('=', 2)
      const option = optionsOf(command).find(({ short, long }) => name === short || name === long)
      if (option && value !== undefined) flags[option.attributeName()] = value
      else if (option?.required) pending = option
    } else {
      const child = command.commands.find(
        (candidate) => candidate.name() === word || candidate.aliases().includes(word),
      )
      if (child) command = child
      else position++
    }
  }
  const prefix = line.at(-1) ?? ''
  if (pending) return { expected: valuesOf(pending), prefix, flags }
  if (prefix.startsWith('-')) return { expected: words(optionsOf(command).flatMap(flagOf)), prefix, flags }
  return { expected: argumentOf(program, command, position), prefix, flags }
}

/** The options of a command and of those above it. */
function optionsOf(command: Command): Option[] {
  return [...command.options, ...(command.parent ? optionsOf(command.parent) : [])]
}

function flagOf({ long, description }: Option): Candidate[] {
  return long ? [{ word: long, description }] : []
}

function valuesOf(option: Option): Expected {
  if (option.argChoices) return words(option.argChoices.map((word) => ({ word, description: '' })))
  return lookups[option.attributeName()] ?? words([])
}

function argumentOf(program: Command, command: Command, position: number): Expected {
  if (command.commands.length > 0) return words(command.commands.map(asCandidate))
  if (command.name() === 'help') return words([...program.commands.map(asCandidate), ...topics])
  const known = command.registeredArguments
  const argument = known[position] ?? (known.at(-1)?.variadic ? known.at(-1) : undefined)
  if (argument?.argChoices) return words(argument.argChoices.map((word) => ({ word, description: '' })))
  return lookups[argument?.name() ?? ''] ?? words([])
}

const topics: Candidate[] = Object.entries(helpTopics).map(([word, { summary }]) => ({ word, description: summary }))

function asCandidate(command: Command): Candidate {
  return { word: command.name(), description: command.description() }
}

function words(candidates: Candidate[]): Expected {
  return { kind: 'words', candidates }
}
