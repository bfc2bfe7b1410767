import { Argument, Command, Option } from 'commander'
import { type GlobalFlags, outputFormats } from '../context.ts'
import { helpTopics } from '../help-topics.ts'
import type { OutputStream } from '../io.ts'
import { defaultServer } from '../server-address.ts'
import { defaultTimeout } from '../settings.ts'
import { version } from '../version.ts'
import { defineAccessCommands } from './access.ts'
import { defineAlertCommands } from './alerts.ts'
import { defineBackupCommands } from './backup.ts'
import { defineConfigCommands } from './config.ts'
import { type Act, type Define, examples, type Work } from './define.ts'
import { defineExporterCommands } from './exporter.ts'
import { addHelpCommand } from './help.ts'
import { defineHistoryCommands } from './history.ts'
import { defineHooksCommands } from './hooks.ts'
import { defineJobCommands } from './jobs.ts'
import { defineNodeCommands } from './nodes.ts'
import { defineOperationCommands } from './operations.ts'
import { definePoolCommands } from './pools.ts'

/** The shells that completion scripts are for. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/**
 * The tree of commands. What a command does is imported when it runs, so that help and errors cost nothing of it.
 * Parsing throws commander's `CommanderError` after it has printed what is wrong.
 */
export function createProgram(stdout: OutputStream, stderr: OutputStream, act: Act): Command {
  const program = new Command('navarch')
  program
    .description('See and steer a GPU fleet under Slurm.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => (stdout.isTTY ? (stdout.columns ?? 80) : 100),
      getErrHelpWidth: () => (stderr.isTTY ? (stderr.columns ?? 80) : 100),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(`navarch: ${text.replace(/^error: /, '')}`),
    })
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
    .version(version, '-V, --version', "print this program's version")
    .option(
      '-s, --server <address>',
      `the control plane: URL or host:port (NAVARCH_SERVER, client.yaml; ${defaultServer})`,
    )
    .addOption(new Option('-o, --output <format>', 'how to print').choices(outputFormats).default('table'))
    .option('--auth-token <token>', "the control plane's token (NAVARCH_AUTH_TOKEN, client.yaml)")
    .option('--timeout <duration>', 'how long one request may take', defaultTimeout)
    .option('--tls-ca <file>', "authorities of the control plane's certificate, PEM (NAVARCH_TLS_CA, client.yaml)")
    .option('--insecure', "accept any TLS certificate of the control plane's")

  const run = (work: Work) => act(program.opts<GlobalFlags>(), work)
  const groups: [heading: string, define: Define][] = [
    ['Nodes:', defineNodeCommands],
    ['Jobs:', defineJobCommands],
    ['Jobs:', defineHooksCommands],
    ['Fleet:', definePoolCommands],
    ['Fleet:', defineOperationCommands],
    ['Fleet:', defineAlertCommands],
    ['Fleet:', defineHistoryCommands],
    ['Fleet:', defineBackupCommands],
    ['Fleet:', defineExporterCommands],
    ['This program:', defineAccessCommands],
    ['This program:', defineConfigCommands],
    ['This program:', defineOwnCommands],
  ]
  for (const [heading, define] of groups) {
    program.commandsGroup(heading)
    define(program, run)
  }
  addHelpCommand(program)

  return program.addHelpText('after', overview())
}

const defineOwnCommands: Define = (parent, act) => {
  const versions = parent
    .command('version')
    .description("print this program's version and the control plane's")
    .option('--client', "only this program's")
    .action((options: { client?: boolean }) =>
      act(async (context) => (await import('../commands/version.ts')).version(context, options)),
    )
  examples(versions, 'version', 'version -o json')

  parent
    .command('completion')
    .description('print a completion script for a shell, which completes names of nodes and pools too')
    .addArgument(new Argument('<shell>', 'for which shell').choices(shells))
    .action((shell: Shell) =>
      act(async (context) => (await import('../commands/completion.ts')).completion(context, shell)),
    )
    .addHelpText(
      'after',
      `
Install:
  bash  navarch completion bash > /etc/bash_completion.d/navarch   (or: source <(navarch completion bash))
  zsh   navarch completion zsh > "\${fpath[1]}/_navarch"
  fish  navarch completion fish > ~/.config/fish/completions/navarch.fish`,
    )
}

function overview(): string {
  const topics = Object.entries(helpTopics).map(([name, { summary }]) => `  ${name.padEnd(14)}${summary}`)
  return `
Examples:
  navarch list
  navarch get gpu-node-003
  navarch drain gpu-node-003 --reason "fan noise" --wait
  navarch job 812
  navarch jobs --waste
  navarch pool explain training
  navarch events --follow

Topics (navarch help TOPIC):
${topics.join('\n')}

Exit status: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 control plane unreachable.`
}
