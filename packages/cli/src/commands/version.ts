import type { VersionJson } from '@navarch/api/rest'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../output/print.ts'
import { renderFields } from '../output/table.ts'
import { version as clientVersion } from '../version.ts'

/** `navarch version`: this program's version, and the control plane's where it answers. */
export async function version(context: CommandContext, options: { client?: boolean }): Promise<number> {
  let server: VersionJson | null = null
  let problem: CliError | undefined
  if (!options.client) {
    try {
      server = await (await context.connect()).get<VersionJson>('version')
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      problem = error
    }
  }
  await printDocument(context, { client: { version: clientVersion }, server }, () =>
    renderFields(
      [
        ['Client', clientVersion],
        ...(options.client ? [] : [['Server', server?.version ?? 'unknown'] as const]),
        ...(server
          ? ([
              ['Store', server.store],
              ['Slurm', server.slurm ?? 'none'],
              // A control plane of before tells none.
              ...(server.conditions ?? []).map((condition) => ['Condition', condition] as const),
            ] as const)
          : []),
      ],
      context.table(),
    ),
  )
  if (problem) throw problem
  return 0
}
