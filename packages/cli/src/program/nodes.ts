import { InvalidArgumentError, Option } from 'commander'
import type { DrainOptions } from '../commands/drain.ts'
import type { ListOptions } from '../commands/list.ts'
import { type Define, examples, watchFlag } from './define.ts'

const statuses = ['provisioning', 'active', 'cordoned', 'draining', 'drained', 'unhealthy', 'terminated']
const healths = ['healthy', 'degraded', 'unhealthy', 'unknown']

/** list, get, cordon, uncordon, drain */
export const defineNodeCommands: Define = (parent, act) => {
  const list = parent
    .command('list')
    .aliases(['ls', 'nodes'])
    .description('list the nodes of the fleet')
    .option('--pool <name>', 'only nodes of this pool')
    .addOption(words('--status <status>', 'only nodes with this status', 'NODE_STATUS_', statuses))
    .addOption(words('--health <health>', 'only nodes with this health', 'HEALTH_STATUS_', healths))
    .option('--provider <name>', 'only nodes of this provider')
    .option('--region <region>', 'only nodes of this region')
    .option(...watchFlag)
    .action((options: ListOptions) =>
      act(async (context) => (await import('../commands/list.ts')).list(context, options)),
    )
  examples(list, 'list', 'list --pool training --health unhealthy', "list -o json | jq -r '.[].id'", 'list --watch')

  const get = parent
    .command('get <node>')
    .description('show one node: its id, short host name or full host name')
    .option(...watchFlag)
    .action((node: string, options: { watch?: boolean }) =>
      act(async (context) => (await import('../commands/get.ts')).get(context, node, options)),
    )
  examples(get, 'get gpu-node-003', 'get "$(hostname)" -o json | jq .health_events')

  const cordon = parent
    .command('cordon <node...>')
    .description('keep new jobs away from nodes')
    .option('--reason <text>', 'why, for whoever looks later')
    .action((nodes: string[], options: { reason?: string }) =>
      act(async (context) => (await import('../commands/cordon.ts')).cordon(context, nodes, options)),
    )
  examples(cordon, 'cordon gpu-node-003 --reason "cable check"')

  const uncordon = parent
    .command('uncordon <node...>')
    .description('give cordoned or drained nodes back to Slurm')
    .option('--reason <text>', 'why, for whoever looks later')
    .action((nodes: string[], options: { reason?: string }) =>
      act(async (context) => (await import('../commands/uncordon.ts')).uncordon(context, nodes, options)),
    )
  examples(uncordon, 'uncordon gpu-node-003 gpu-node-004')

  const drain = parent
    .command('drain <node...>')
    .description('keep new jobs away and let running ones end')
    .option('--reason <text>', 'why, for whoever looks later')
    .option('--wait', 'wait until the jobs have ended')
    .action((nodes: string[], options: DrainOptions) =>
      act(async (context) => (await import('../commands/drain.ts')).drain(context, nodes, options)),
    )
  examples(drain, 'drain gpu-node-003 --reason "fan noise"', 'drain gpu-node-003 gpu-node-004 --wait')
}

/** An option that takes one of these words in any case, or as the protocol's enum spells it. */
function words(flags: string, description: string, prefix: string, allowed: string[]): Option {
  const option = new Option(flags, description).choices(allowed)
  return option.argParser((text: string) => {
    const upper = text.toUpperCase()
    const word = (upper.startsWith(prefix) ? upper.slice(prefix.length) : upper).toLowerCase()
    if (!allowed.includes(word)) throw new InvalidArgumentError(`Allowed are ${allowed.join(', ')}.`)
    return word
  })
}
