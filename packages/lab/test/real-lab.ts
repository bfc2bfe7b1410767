import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { createLabContext } from '../src/context.ts'
import { LabUnavailableError } from '../src/errors.ts'
import { missingPrerequisites } from '../src/prerequisites.ts'
import { ensureRoot, type LabRoot, type Suite } from '../src/roots.ts'

/** The lab on this machine, as the tests use it. */
export const context = createLabContext({ run: runCommand, clock: systemClock })

/** The root of a suite, built when need be, or the reason why this machine cannot have it. */
export async function rootOrReason(suite: Suite): Promise<{ root?: LabRoot; reason?: string }> {
  const { packages, problems } = await missingPrerequisites()
  const install = packages.length > 0 ? [`install ${packages.join(' ')}`] : []
  if (packages.length + problems.length > 0) return { reason: [...problems, ...install].join('; ') }
  try {
    return { root: await ensureRoot(context, { suite }) }
  } catch (error) {
    if (error instanceof LabUnavailableError) return { reason: error.message }
    throw error
  }
}

/** The end of a title: why what it names is skipped, or nothing. */
export function skipped(reason: string | undefined): string {
  return reason === undefined ? '' : ` (skipped: ${reason})`
}
