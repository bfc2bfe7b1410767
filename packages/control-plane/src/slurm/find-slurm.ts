import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { SlurmSpec } from '@navarch/config/navarch-config'

/** Where Slurm's commands find their configuration: Debian's and the source's folder, and what a configless host fetched. */
const usualConfs = ['/etc/slurm/slurm.conf', '/usr/local/etc/slurm.conf', '/run/slurm/conf/slurm.conf']

/** Whether Slurm is used, and what an operator should know about that. */
export interface SlurmChoice {
  /** By Slurm's commands or by slurmrestd; absent: not at all. */
  driver?: 'cli' | 'rest'
  warning?: string
}

/**
 * What a configuration's `slurm` section comes to on this machine. Never an error: where Slurm is asked for and its
 * commands are missing, every look at it says so, and the control plane starts all the same.
 * @param env where the commands are searched (PATH) and what Slurm itself reads (SLURM_CONF)
 */
export async function findSlurm(
  spec: SlurmSpec,
  env: Readonly<Record<string, string | undefined>>,
): Promise<SlurmChoice> {
  switch (spec.driver) {
    case 'none':
      return {}
    case 'cli':
      return { driver: 'cli' }
    case 'rest':
      if (spec.restUrl !== undefined) return { driver: 'rest' }
      return { warning: 'pools run without Slurm: slurm.driver is rest and slurm.rest_url is not set' }
    case 'auto': {
      if (spec.bin !== undefined || spec.conf !== undefined) return { driver: 'cli' }
      const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
      const programs = await Promise.all(folders.map((folder) => isThere(join(folder, 'scontrol'), constants.X_OK)))
      if (!programs.includes(true)) {
        return {
          warning: "pools run without Slurm: scontrol is not in the PATH; install Slurm's commands, or set slurm.bin",
        }
      }
      const files = env['SLURM_CONF'] ? [env['SLURM_CONF']] : usualConfs
      const confs = await Promise.all(files.map((file) => isThere(file, constants.R_OK)))
      if (confs.includes(true)) return { driver: 'cli' }
      return {
        warning: `pools run without Slurm: there is no slurm.conf (${files.join(', ')}); set slurm.conf, or slurm.driver: cli`,
      }
    }
  }
}

function isThere(file: string, mode: number): Promise<boolean> {
  return access(file, mode).then(
    () => true,
    () => false,
  )
}
