import type { BootstrapLogJson } from '@navarch/api/rest'
import type { CommandContext } from '../context.ts'
import { formatAge, formatSpan } from '../output/age.ts'
import { printable } from '../output/table.ts'
import { listTable, show } from '../show.ts'

/** `navarch bootstrap logs NODE`: what was run on the node's machines, and what came of it. */
export async function bootstrapLogs(context: CommandContext, id: string): Promise<number> {
  const client = await context.connect()
  const now = context.io.clock.now()
  return show(
    context,
    {},
    {
      fetch: () => client.listOf<BootstrapLogJson>('nodeBootstrapLogs', { id }),
      table: (logs) =>
        listTable(context, logs, `No bootstrap of ${id} is recorded`, (rows) =>
          rows.map((log) => describe(log, now)).join('\n'),
        ),
    },
  )
}

function describe(log: BootstrapLogJson, now: number): string {
  const outcome = log.success ? 'succeeded' : `failed: ${log.error || 'no reason given'}`
  const head = `${log.node}: ${outcome}, ${formatAge(log.started_at, now)}, took ${formatSpan(log.duration_ms)} (${formatSpan(log.ssh_wait_ms)} until SSH answered)`
  const commands = log.commands.map(
    ({ command, stdout, stderr, exit_code, duration_ms }) =>
      `$ ${indent(command)}\n${output(stdout)}${output(stderr)}  exit ${exit_code}, ${formatSpan(duration_ms)}\n`,
  )
  return `${printable(head)}\n${commands.join('')}`
}

function output(text: string): string {
  return text.trim() === '' ? '' : `  ${indent(text.trimEnd())}\n`
}

function indent(text: string): string {
  return text.split('\n').map(printable).join('\n  ')
}
