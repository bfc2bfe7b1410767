import type { AlertHistoryJson, AlertJson } from '@navarch/api/alerts'
import { CliError, exitCodes } from '../../cli-error.ts'
import type { CommandContext } from '../../context.ts'
import { ofKnownNames } from '../../known-names.ts'
import { alertTable, historyTable } from '../../output/alert.ts'
import { listTable, show } from '../../show.ts'

export interface AlertsOptions {
  all?: boolean
  silenced?: boolean
  history?: boolean
  severity?: string
  rule?: string
  node?: string
  pool?: string
  limit: number
  watch?: boolean
}

/** `navarch alerts`: what fires; with --silenced what nobody is told of, pending or firing; with --all what is pending or over too. */
export async function alerts(context: CommandContext, options: AlertsOptions): Promise<number> {
  if (options.history) return history(context, options)
  const { all, silenced, severity, rule, node, pool } = options
  const client = await context.connect()
  const filter = { severity, rule, node, pool }
  const inState = (state?: AlertJson['state']) => client.list<AlertJson>('alerts', { state, ...filter })
  const none = silenced ? 'No alerts are silenced' : all ? 'No alerts found' : 'No alerts fire'
  const found = async () => {
    if (all) return (await inState()).filter((alert) => !silenced || isMuted(alert))
    if (!silenced) return inState('firing')
    return (await Promise.all([inState('firing'), inState('pending')])).flat().filter(isMuted)
  }
  return show(context, options, {
    fetch: async () => ofKnownNames(client, { pool, node }, await found()),
    news: (rows) =>
      rows.map(({ id, state: now, acknowledged, silenced_by }) => ({ id, now, acknowledged, silenced_by })),
    table: (rows) =>
      listTable(context, rows, none, (alerts) =>
        alertTable(alerts, context.io.clock.now(), context.output === 'wide', context.table()),
      ),
  })
}

function isMuted({ silenced_by, inhibited_by }: AlertJson): boolean {
  return silenced_by !== null || inhibited_by !== null
}

async function history(context: CommandContext, options: AlertsOptions): Promise<number> {
  const other = (['all', 'silenced', 'severity', 'pool'] as const).find((name) => options[name] !== undefined)
  if (other !== undefined) {
    throw new CliError(exitCodes.usage, `--${other} does not go with --history`, 'Use --rule, --node and --limit.')
  }
  const { rule, node, limit } = options
  const client = await context.connect()
  return show(context, options, {
    fetch: () => client.list<AlertHistoryJson>('alertHistory', { rule, node, limit }),
    table: (events) =>
      listTable(context, events, 'Nothing has happened yet', (rows) =>
        historyTable(rows, context.io.clock.now(), context.table()),
      ),
  })
}
