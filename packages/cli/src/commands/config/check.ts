import { missingOutside, type OutsideReference, type OutsideSight } from '@navarch/config/outside'
import { parseConfig } from '@navarch/config/parse-config'
import { formatProblem, sortProblems } from '@navarch/config/problem'
import { exitCodes } from '../../cli-error.ts'
import type { CommandContext } from '../../context.ts'
import type { Io } from '../../io.ts'
import { printDocument } from '../../output/print.ts'
import { readConfigFile } from './read-config-file.ts'

/** `navarch config check FILE`: every error and warning of a configuration, on stderr; 1 when it would be refused. */
export async function configCheck(context: CommandContext, file: string): Promise<number> {
  const { io } = context
  const home = io.env['HOME']
  const parsed = parseConfig(await readConfigFile(io, file), { file, ...(home && { home }) })
  const { errors = [] } = parsed
  const warnings = parsed.errors
    ? []
    : sortProblems([...parsed.warnings, ...(await missingOutside(file, parsed.outside, look(io)))])
  for (const problem of errors) io.stderr.write(`${formatProblem(problem)}\n`)
  for (const problem of warnings) io.stderr.write(`${formatProblem(problem)} (warning)\n`)
  const summary = `${file}: ${errors.length ? counted(errors.length, 'error') : 'ok'}${warnings.length ? `, ${counted(warnings.length, 'warning')}` : ''}`
  await printDocument(context, { file, ok: errors.length === 0, errors, warnings }, () => `${summary}\n`)
  return errors.length ? exitCodes.failed : exitCodes.ok
}

/** A dead file system is not waited for longer, ms. */
const deadlineMs = 5_000

/** Whether something is on this machine. */
function look({ env, exists, clock }: Io): (reference: OutsideReference) => Promise<OutsideSight> {
  return async ({ kind, name }) => {
    if (kind === 'variable') return env[name]?.trim() ? 'there' : 'missing'
    const late = Promise.withResolvers<OutsideSight>()
    const cancel = clock.after(deadlineMs, () => late.resolve('silent'))
    const sight = exists(name).then((there) => (there ? 'there' : 'missing'))
    return Promise.race([sight, late.promise]).finally(cancel)
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
