import { explainConfig } from '@navarch/config/explain-config'
import { formatProblem } from '@navarch/config/problem'
import { exitCodes } from '../../cli-error.ts'
import type { CommandContext } from '../../context.ts'
import { printDocument } from '../../output/print.ts'
import { renderTable } from '../../output/table.ts'
import { readConfigFile } from './read-config-file.ts'

/** `navarch config explain FILE`: the effective value of every key, and where it came from. */
export async function configExplain(context: CommandContext, file: string): Promise<number> {
  const { io } = context
  const home = io.env['HOME']
  const explained = explainConfig(await readConfigFile(io, file), { file, ...(home && { home }) })
  if (explained.errors) {
    for (const problem of explained.errors) io.stderr.write(`${formatProblem(problem)}\n`)
    return exitCodes.failed
  }
  await printDocument(context, explained.settings, () =>
    renderTable(
      [
        { header: 'KEY', cell: (setting) => setting.key },
        { header: 'VALUE', cell: (setting) => setting.value || '-' },
        { header: 'SOURCE', cell: (setting) => setting.source },
      ],
      explained.settings,
      context.table(),
    ),
  )
  return exitCodes.ok
}
