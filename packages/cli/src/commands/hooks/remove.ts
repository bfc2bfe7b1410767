import { renderChanges } from '@navarch/hooks/file-change'
import { type RemoveOutcome, removeHooks } from '@navarch/hooks/install'
import { exitCodes } from '../../cli-error.ts'
import type { CommandContext } from '../../context.ts'
import { printDocument } from '../../output/print.ts'
import { type HooksOptions, hooksContext, requireRoot, withHooks } from './hooks-context.ts'
import { changeJson } from './install.ts'

export interface RemoveOptions extends HooksOptions {
  now?: boolean
  dryRun?: boolean
}

/** `navarch hooks remove`: everything as it was before `install`. */
export async function hooksRemove(context: CommandContext, options: RemoveOptions): Promise<number> {
  const hooks = hooksContext(context, options)
  const { now = false, dryRun = false } = options
  if (!dryRun) requireRoot(hooks, options)
  const outcome = await withHooks(() => removeHooks(hooks, { now, dryRun }))
  const next = nextSteps(outcome, dryRun)
  const { changes, kept, problems } = outcome
  await printDocument(context, { dry_run: dryRun, changes: changes.map(changeJson), kept, problems, next }, () =>
    [
      renderChanges(changes),
      ...kept.map((path) => `keep ${path}\n`),
      ...problems.map(({ path, reason }) => `left as it is: ${path}: ${reason}\n`),
      ...next.map((step) => `${step}\n`),
    ].join(''),
  )
  return problems.length > 0 ? exitCodes.failed : exitCodes.ok
}

function nextSteps({ nothing, kept, problems }: RemoveOutcome, dryRun: boolean): string[] {
  if (nothing) return ['No hooks were installed by navarch hooks install here.']
  if (dryRun) return ['Nothing was changed: this was a dry run.']
  const steps: string[] = []
  if (kept.length > 0)
    steps.push(
      'Next: scontrol reconfigure, then navarch hooks remove again, which deletes what is kept.',
      'Slurm may still run these programs, and a Prolog that is missing drains its node.',
    )
  if (problems.length > 0) steps.push('What was changed since the installation is for you to take out.')
  return steps
}
