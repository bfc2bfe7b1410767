import { type FileChange, renderChanges } from '@navarch/hooks/file-change'
import { agentFolder, settingsFile } from '@navarch/hooks/hook-places'
import { type InstallOutcome, installHooks } from '@navarch/hooks/install'
import { CliError, exitCodes } from '../../cli-error.ts'
import type { CommandContext } from '../../context.ts'
import { printDocument } from '../../output/print.ts'
import { type HooksOptions, hooksContext, requireRoot, withHooks } from './hooks-context.ts'

export interface InstallOptions extends HooksOptions {
  service?: string
  dryRun?: boolean
}

/** `navarch hooks install`: Slurm's prolog and epilog hooks on this machine. */
export async function hooksInstall(context: CommandContext, options: InstallOptions): Promise<number> {
  const hooks = hooksContext(context, options)
  const { service: serviceUrl, dryRun = false } = options
  if (serviceUrl !== undefined && !isServiceUrl(serviceUrl))
    throw new CliError(
      exitCodes.usage,
      `--service ${JSON.stringify(serviceUrl)} is no address of the service`,
      'Write it like http://observability-service:8080.',
    )
  if (!dryRun) requireRoot(hooks, options)
  const outcome = await withHooks(() =>
    installHooks(hooks, { agentFolder, dryRun, ...(serviceUrl !== undefined && { serviceUrl }) }),
  )
  const next = nextSteps(outcome, { dryRun, service: serviceUrl !== undefined })
  const document = {
    slurm_conf: outcome.confFile,
    dry_run: dryRun,
    changes: outcome.changes.map(changeJson),
    folders: outcome.folders.map(({ path }) => path),
    next,
  }
  await printDocument(context, document, () => {
    const changes = renderChanges(outcome.changes) + outcome.folders.map(({ path }) => `create ${path}/\n`).join('')
    return `${changes || `The hooks are installed already (${outcome.confFile}).\n`}${next.map((step) => `${step}\n`).join('')}`
  })
  return 0
}

/** What the hooks take: they write it into a file of curl's. */
function isServiceUrl(text: string): boolean {
  return /^https?:\/\/[\w.~+/=:@%[\]-]+$/.test(text) && URL.canParse(text)
}

/** A change in JSON: what becomes of which file, and the lines that differ. */
export function changeJson(change: FileChange) {
  const { path, before, after } = change
  return { path, action: before ? (after ? 'change' : 'delete') : 'create', diff: renderChanges([change]) }
}

function nextSteps(
  { changes, confFile, copy, agent }: InstallOutcome,
  wishes: { dryRun: boolean; service: boolean },
): string[] {
  if (wishes.dryRun) return changes.length > 0 ? ['Nothing was changed: this was a dry run.'] : []
  const steps: string[] = []
  if (copy) steps.push(`Next: ${confFile} is slurmctld's: run navarch hooks install on the controller too.`)
  else if (changes.some(({ path }) => path === confFile))
    steps.push(
      'Next: run navarch hooks install on every node and controller, then once: scontrol reconfigure',
      'Not before: a node that lacks a program which Prolog names drains itself with its next job.',
    )
  if (!agent && !wishes.service)
    steps.push(`No agent runs here: hooks send to OBSERVABILITY_URL of ${settingsFile}, else to http://localhost:8080.`)
  steps.push('Then: navarch hooks status')
  return steps
}
