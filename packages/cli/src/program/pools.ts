import type { PoolScaleOptions } from '../commands/pool/scale.ts'
import { type Define, examples, watchFlag, wholeNumber } from './define.ts'

/** pool list, get, explain, scale */
export const definePoolCommands: Define = (parent, act) => {
  const pool = parent
    .command('pool')
    .helpCommand(false)
    .alias('pools')
    .description('pools: their size, why it is that, and changing it')

  const list = pool
    .command('list')
    .alias('ls')
    .description('list the pools')
    .option(...watchFlag)
    .action((options: { watch?: boolean }) =>
      act(async (context) => (await import('../commands/pool/list.ts')).poolList(context, options)),
    )
  examples(list, 'pool list', 'pool list -o wide')

  const get = pool
    .command('get <pool>')
    .description('show one pool: its size, nodes and conditions')
    .option(...watchFlag)
    .action((name: string, options: { watch?: boolean }) =>
      act(async (context) => (await import('../commands/pool/get.ts')).poolGet(context, name, options)),
    )
  examples(get, 'pool get training', "pool get training -o json | jq '.conditions'")

  const explain = pool
    .command('explain <pool>')
    .description('why the pool is the size it is, job by job')
    .option(...watchFlag)
    .action((name: string, options: { watch?: boolean }) =>
      act(async (context) => (await import('../commands/pool/explain.ts')).poolExplain(context, name, options)),
    )
  examples(explain, 'pool explain training')

  const scale = pool
    .command('scale <pool>')
    .description('set the size of a pool by hand, or give it back to the autoscaler')
    .option('--nodes <number>', 'this many nodes, within min_nodes and max_nodes', wholeNumber)
    .option('--auto', 'as many as the autoscaler wants')
    .option('--dry-run', 'tell what would change, and change nothing')
    .action((name: string, options: PoolScaleOptions) =>
      act(async (context) => (await import('../commands/pool/scale.ts')).poolScale(context, name, options)),
    )
  examples(scale, 'pool scale training --nodes 8', 'pool scale training --auto')
}
