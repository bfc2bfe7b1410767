import type { EventsOptions } from '../commands/events.ts'
import { type Define, examples, wholeNumber } from './define.ts'

/** events, bootstrap logs */
export const defineHistoryCommands: Define = (parent, act) => {
  const events = parent
    .command('events')
    .description('what happened: one line, or one JSON object, per event')
    .option('-f, --follow', 'go on with events as they happen')
    .option('--after <number>', 'only events after the one with this number', wholeNumber)
    .option('--limit <number>', 'at most this many events of the past', wholeNumber, 50)
    .action((options: EventsOptions) =>
      act(async (context) => (await import('../commands/events.ts')).events(context, options)),
    )
  examples(events, 'events --follow', 'events -o json --after 1200 | jq -r \'select(.type == "finding") | .message\'')

  const bootstrap = parent.command('bootstrap').helpCommand(false).description('how new machines were set up')
  const logs = bootstrap
    .command('logs <node>')
    .description("show what was run on a node's machines, and what came of it")
    .action((node: string) =>
      act(async (context) => (await import('../commands/bootstrap-logs.ts')).bootstrapLogs(context, node)),
    )
  examples(logs, 'bootstrap logs gpu-node-003')
}
