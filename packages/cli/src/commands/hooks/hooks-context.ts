import { HooksError } from '@navarch/hooks/hooks-error'
import type { HooksContext } from '@navarch/hooks/install'
import { createMachine } from '@navarch/hooks/machine'
import { runCommand } from '@navarch/system/run-command'
import { CliError, exitCodes } from '../../cli-error.ts'
import type { CommandContext } from '../../context.ts'

/** Flags of every command on hooks. */
export interface HooksOptions {
  conf?: string
  root?: string
}

/** The machine whose hooks are meant: this one, or an image of one below a folder, where no program is run. */
export function hooksContext({ io }: CommandContext, { conf, root }: HooksOptions): HooksContext {
  return {
    machine: createMachine(root),
    run: root === undefined ? runCommand : undefined,
    conf: conf ?? (root === undefined ? io.env['SLURM_CONF'] || undefined : undefined),
    owner: { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 },
  }
}

/** Runs work on hooks; what stands in its way ends the command. */
export async function withHooks<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof HooksError) throw new CliError(exitCodes.failed, error.message, error.remedy, { cause: error })
    throw error
  }
}

/** Hooks that run as root must not belong to anybody else. */
export function requireRoot({ owner }: HooksContext, { root }: HooksOptions): void {
  if (owner.uid !== 0 && root === undefined)
    throw new CliError(
      exitCodes.failed,
      'hooks are installed and removed by root',
      'Run this with sudo, or with --dry-run.',
    )
}
