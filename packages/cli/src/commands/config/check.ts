import { parseConfig } from '@navarch/config/parse-config'
import { formatProblem } from '@navarch/config/problem'
import { exitCodes } from '../../cli-error.ts'
import type { CommandContext } from '../../context.ts'
import { printDocument } from '../../output/print.ts'
import { readConfigFile } from './read-config-file.ts'

/** `navarch config check FILE`: every error and warning of a configuration, on stderr; 1 when it would be refused. */
export async function configCheck(context: CommandContext, file: string): Promise<number> {
  const { io } = context
  const home = io.env['HOME']
  const parsed = parseConfig(await readConfigFile(io, file), { file, ...(home && { home }) })
  const { errors = [] } = parsed
  const warnings = parsed.errors ? [] : parsed.warnings
  for (const problem of errors) io.stderr.write(`${formatProblem(problem)}\n`)
  for (const problem of warnings) io.stderr.write(`${formatProblem(problem)} (warning)\n`)
  const summary = `${file}: ${errors.length ? counted(errors.length, 'error') : 'ok'}${warnings.length ? `, ${counted(warnings.length, 'warning')}` : ''}`
  await printDocument(context, { file, ok: errors.length === 0, errors, warnings }, () => `${summary}\n`)
  return errors.length ? exitCodes.failed : exitCodes.ok
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
