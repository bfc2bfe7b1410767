import type { Clock } from '@navarch/system/clock'
import type { RunCommand } from '@navarch/system/run-command'

/** What every function of the lab needs from outside. */
export interface LabContext {
  run: RunCommand
  clock: Clock
  /** Folder of all labs' state; must survive the processes that use it, need not survive a reboot. */
  stateDir: string
}

/** Where labs live unless told otherwise. Emptied by a reboot, as the hosts are. */
export const defaultStateDir = '/run/navarch-lab'

/** A lab context with the default state folder. */
export function createLabContext(options: { run: RunCommand; clock: Clock; stateDir?: string }): LabContext {
  return { run: options.run, clock: options.clock, stateDir: options.stateDir ?? defaultStateDir }
}
