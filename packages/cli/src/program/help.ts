import { nearestWord } from '@navarch/config/nearest'
import type { Command } from 'commander'
import { CliError, exitCodes } from '../cli-error.ts'
import { helpTopics } from '../help-topics.ts'

/** Adds `navarch help [COMMAND... | TOPIC]`. */
export function addHelpCommand(program: Command): void {
  program
    .command('help [topic...]')
    .description('help on a command or a topic')
    .action((words: string[] = []) => {
      const topic = words.length === 1 ? helpTopics[words[0] ?? ''] : undefined
      if (topic) program.configureOutput().writeOut?.(`${topic.text}\n`)
      else findCommand(program, words).outputHelp()
    })
}

function findCommand(program: Command, words: readonly string[]): Command {
  return words.reduce((parent, word) => {
    const found = parent.commands.find((command) => command.name() === word || command.aliases().includes(word))
    if (found) return found
    const known = [
      ...parent.commands.map((command) => command.name()),
      ...(parent === program ? Object.keys(helpTopics) : []),
    ]
    const nearest = nearestWord(word, known)
    throw new CliError(
      exitCodes.usage,
      `there is no help on ${JSON.stringify(word)}`,
      nearest ? `Did you mean ${nearest}?` : `Known: ${known.join(', ')}.`,
    )
  }, program)
}
