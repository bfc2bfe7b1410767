import type { AlertMetricJson, AlertReceiverJson, AlertRuleJson, SilenceJson } from '@navarch/api/alerts'
import type { CommandContext } from '../../context.ts'
import { metricTable, receiverTable, ruleTable, silenceTable } from '../../output/alert.ts'
import { listTable, show } from '../../show.ts'

/** `navarch alert silences` */
export async function alertSilences(context: CommandContext, options: { all?: boolean }): Promise<number> {
  const client = await context.connect()
  return show(
    context,
    {},
    {
      fetch: () => client.list<SilenceJson>('alertSilences', { all: options.all ? 'true' : undefined }),
      table: (rows) =>
        listTable(context, rows, 'Nothing is silenced', (found) =>
          silenceTable(found, context.io.clock.now(), context.table()),
        ),
    },
  )
}

/** `navarch alert rules` */
export async function alertRules(context: CommandContext): Promise<number> {
  const client = await context.connect()
  return show(
    context,
    {},
    {
      fetch: () => client.list<AlertRuleJson>('alertRules'),
      table: (rows) =>
        listTable(context, rows, 'No rules hold', (found) =>
          ruleTable(found, context.output === 'wide', context.table()),
        ),
    },
  )
}

/** `navarch alert metrics` */
export async function alertMetrics(context: CommandContext): Promise<number> {
  const client = await context.connect()
  return show(
    context,
    {},
    {
      fetch: () => client.list<AlertMetricJson>('alertMetrics'),
      table: (rows) => metricTable(rows, context.table()),
    },
  )
}

/** `navarch alert receivers` */
export async function alertReceivers(context: CommandContext): Promise<number> {
  const client = await context.connect()
  return show(
    context,
    {},
    {
      fetch: () => client.list<AlertReceiverJson>('alertReceivers'),
      table: (rows) =>
        listTable(context, rows, 'No receivers: see alerts.receivers in navarch-config.yaml', (found) =>
          receiverTable(found, context.io.clock.now(), context.table()),
        ),
    },
  )
}
