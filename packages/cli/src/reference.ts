import type { Argument, Command, Option } from 'commander'
import { helpTopics } from './help-topics.ts'
import type { OutputStream } from './io.ts'
import { createProgram } from './program/program.ts'

/** The command line's reference as Markdown, from the commands themselves: what `--help` prints, on one page. */
export function cliReference(): string {
  const program = createProgram(silent, silent, async () => {})
  const sections = [
    '# The `navarch` command line',
    'What `navarch help` and `navarch COMMAND --help` print, on one page. Every command takes the global options.',
    '## Global options',
    optionTable(program),
    ...codeBlock(helpAfter(program)),
    '## Commands',
    ...commandsBelow(program).flatMap(commandSection),
    ...Object.values(helpTopics).flatMap(({ summary, text }) => [`## ${capitalised(summary)}`, ...codeBlock(text)]),
  ]
  return `${sections.join('\n\n')}\n`
}

/** Commands that do something, in the order of the help; groups are replaced by theirs. */
function commandsBelow(command: Command): Command[] {
  const visible = command.createHelp().visibleCommands(command)
  return visible.flatMap((child) => (child.commands.length > 0 ? commandsBelow(child) : [child]))
}

function commandSection(command: Command): string[] {
  const path = pathOf(command)
  const aliases = command.aliases()
  return [
    `### \`${path}\``,
    `${capitalised(command.description())}.`,
    `\`\`\`\n${path} ${command.usage()}\n\`\`\``,
    ...(aliases.length > 0 ? [`Also: ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`] : []),
    ...argumentList(command.registeredArguments),
    ...(command.createHelp().visibleOptions(command).length > 1 ? [optionTable(command)] : []),
    ...codeBlock(helpAfter(command)),
  ]
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

function argumentList(all: readonly Argument[]): string[] {
  const described = all.filter((argument) => argument.description !== '')
  if (described.length === 0) return []
  return [described.map((argument) => `- \`${argument.name()}\`: ${argument.description}`).join('\n')]
}

function optionTable(command: Command): string {
  const help = command.createHelp()
  const rows = help.visibleOptions(command).map((option) => optionRow(option, help.optionDescription(option)))
  return ['| Option | Meaning |', '|---|---|', ...rows].join('\n')
}

function optionRow({ flags }: Option, description: string): string {
  return `| ${[`\`${flags}\``, description].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** What a command's help has after its options: examples, exit codes. */
function helpAfter(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
  })
  command.outputHelp()
  return text.slice(command.helpInformation().length).trim()
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function codeBlock(text: string): string[] {
  return text === '' ? [] : [`\`\`\`\n${text}\n\`\`\``]
}

/** Commands are looked at here, never run. */
const silent: OutputStream = { write: () => {}, isTTY: false }
