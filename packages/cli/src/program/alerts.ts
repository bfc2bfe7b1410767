import { Option } from 'commander'
import type { SilenceOptions } from '../commands/alert/change.ts'
import type { AlertsOptions } from '../commands/alert/list.ts'
import { type Define, duration, examples, rowLimit, watchFlag } from './define.ts'

/** alerts; alert get, ack, unack, silence, unsilence, silences, rules, metrics, receivers, test */
export const defineAlertCommands: Define = (parent, act) => {
  const alerts = parent
    .command('alerts')
    .description('what is wrong now')
    .option('-a, --all', 'those that are pending, or over since yesterday, too')
    .option('--silenced', 'only those that nobody is told of, pending ones too: silenced, or explained by another one')
    .option('--history', 'what happened: fired, told, acknowledged, over; the newest first')
    .addOption(new Option('--severity <severity>', 'only these').choices(['info', 'warning', 'critical']))
    .option('--rule <rule>', 'only of this rule')
    .option('--node <node>', 'only about this node')
    .option('--pool <name>', 'only about this pool')
    .option('--limit <number>', 'at most this many lines of the history, up to 1000', rowLimit, 100)
    .option(...watchFlag)
    .action((options: AlertsOptions) =>
      act(async (context) => (await import('../commands/alert/list.ts')).alerts(context, options)),
    )
  examples(alerts, 'alerts', 'alerts --severity critical --watch', 'alerts --history --node gpu-node-003')

  const alert = parent.command('alert').helpCommand(false).description('one alert, silences, rules and receivers')

  const get = alert
    .command('get <alert>')
    .description('show one alert: what it means, what to do, and what has happened')
    .option(...watchFlag)
    .action((id: string, options: { watch?: boolean }) =>
      act(async (context) => (await import('../commands/alert/get.ts')).alertGet(context, id, options)),
    )
  examples(get, 'alert get 7c1f20ab93de')

  const ack = alert
    .command('ack <alert>')
    .description('say that you are at it: it is not told again, and does not escalate')
    .option('--note <text>', 'what you do, for the others')
    .option('-g, --group', 'all that fire in its group')
    .action((id: string, options: { note?: string; group?: boolean }) =>
      act(async (context) => (await import('../commands/alert/change.ts')).alertAcknowledge(context, id, options)),
    )
  examples(ack, 'alert ack 7c1f20ab93de --note "switch s7 is being replaced" --group')

  const unack = alert
    .command('unack <alert>')
    .description('take an acknowledgement back')
    .option('-g, --group', 'of all that fire in its group')
    .action((id: string, options: { group?: boolean }) =>
      act(async (context) => (await import('../commands/alert/change.ts')).alertUnacknowledge(context, id, options)),
    )
  examples(unack, 'alert unack 7c1f20ab93de')

  const silence = alert
    .command('silence <matcher...>')
    .description('tell nobody, for a time, of what all of these match; or of one alert, by its id')
    .requiredOption('--reason <text>', 'why, for those who wonder')
    .addOption(new Option('--for <duration>', 'how long: 30m, 8h, 2d').argParser(duration).makeOptionMandatory())
    .action((words: string[], options: SilenceOptions) =>
      act(async (context) => (await import('../commands/alert/change.ts')).alertSilence(context, words, options)),
    )
  examples(
    silence,
    'alert silence node=gpu-node-003 --for 4h --reason "new riser"',
    'alert silence rule=GpuHot \'node=~"gpu-node-0.*"\' --for 2d --reason "cooling is worked on"',
    'alert silence 7c1f20ab93de --for 1h --reason "known"',
  )

  const unsilence = alert
    .command('unsilence <silence>')
    .description('end a silence')
    .action((id: string) =>
      act(async (context) => (await import('../commands/alert/change.ts')).alertUnsilence(context, id)),
    )
  examples(unsilence, 'alert unsilence 3f9a1c20b7de')

  const silences = alert
    .command('silences')
    .description('list silences')
    .option('-a, --all', 'those that are over too')
    .action((options: { all?: boolean }) =>
      act(async (context) => (await import('../commands/alert/tables.ts')).alertSilences(context, options)),
    )
  examples(silences, 'alert silences')

  const rules = alert
    .command('rules')
    .description('list the rules that hold, and how many alerts each has')
    .action(() => act(async (context) => (await import('../commands/alert/tables.ts')).alertRules(context)))
  examples(rules, 'alert rules', "alert rules -o json | jq '.[] | select(.problem)'")

  const metrics = alert
    .command('metrics')
    .description('list what rules can be about')
    .action(() => act(async (context) => (await import('../commands/alert/tables.ts')).alertMetrics(context)))
  examples(metrics, 'alert metrics')

  const receivers = alert
    .command('receivers')
    .description('list who is told, and how that goes')
    .action(() => act(async (context) => (await import('../commands/alert/tables.ts')).alertReceivers(context)))
  examples(receivers, 'alert receivers')

  const test = alert
    .command('test <receiver>')
    .description('send a test message to a receiver now; status 1 when it was not taken')
    .action((name: string) =>
      act(async (context) => (await import('../commands/alert/change.ts')).alertTest(context, name)),
    )
  examples(test, 'alert test oncall')
}
