import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { SlurmSpec } from '@navarch/config/navarch-config'

/** Whether Slurm is used, and what an operator should know about that. */
export interface SlurmChoice {
  use: boolean
  warning?: string
}

/**
 * What a configuration's `slurm` section comes to on this machine. Never an error: where Slurm is asked for and its
 * commands are missing, every look at it says so, and the control plane starts all the same.
 * @param path the PATH to search where no folder is configured
 */
export async function findSlurm(spec: SlurmSpec, path: string): Promise<SlurmChoice> {
  switch (spec.driver) {
    case 'none':
      return { use: false }
    case 'cli':
      return { use: true }
    case 'rest':
      return { use: true, warning: 'slurm.driver "rest" is accepted, not active yet; the commands are used' }
    case 'auto': {
      if (spec.bin !== undefined || spec.conf !== undefined) return { use: true }
      const folders = path.split(delimiter).filter((folder) => folder !== '')
      const found = await Promise.all(folders.map((folder) => isExecutable(join(folder, 'scontrol'))))
      if (found.includes(true)) return { use: true }
      return {
        use: false,
        warning: "scontrol is not in the PATH: pools run without Slurm; install Slurm's commands, or set slurm.bin",
      }
    }
  }
}

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
