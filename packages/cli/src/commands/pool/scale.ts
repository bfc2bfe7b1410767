import type { PoolJson } from '@navarch/api/rest'
import { CliError, exitCodes } from '../../cli-error.ts'
import type { CommandContext } from '../../context.ts'
import { printDocument } from '../../output/print.ts'

export interface PoolScaleOptions {
  nodes?: number
  auto?: boolean
  dryRun?: boolean
}

/** `navarch pool scale NAME --nodes N | --auto`: an operator's size, or the autoscaler's again. */
export async function poolScale(context: CommandContext, name: string, options: PoolScaleOptions): Promise<number> {
  if ((options.nodes === undefined) === !options.auto) {
    throw new CliError(
      exitCodes.usage,
      'pool scale takes either --nodes N or --auto',
      `Example: navarch pool scale ${name} --nodes 8`,
    )
  }
  const client = await context.connect()
  const before = await client.get<PoolJson>('pool', { name })
  const nodes = options.nodes ?? null
  checkLimits(before, nodes)
  const after = options.dryRun ? before : await client.post<PoolJson>('poolScale', { name }, { nodes })
  const from = describe(before.manual_size, before)
  const to = describe(nodes, after)
  const line = options.dryRun
    ? `Pool ${name} would be scaled from ${from} to ${to}`
    : `Pool ${name} scaled from ${from} to ${to}`
  await printDocument(context, after, () => `${line}\n`)
  return 0
}

function checkLimits({ name, size }: PoolJson, nodes: number | null): void {
  if (nodes === null || (nodes >= size.min && nodes <= size.max)) return
  throw new CliError(
    exitCodes.failed,
    `pool ${name} cannot have ${nodes} nodes: ${size.min} to ${size.max} are allowed`,
    'Change min_nodes or max_nodes in the configuration.',
  )
}

function describe(manual: number | null, pool: PoolJson): string {
  return manual === null ? `automatic (${pool.size.wanted} wanted)` : `${manual} nodes`
}
