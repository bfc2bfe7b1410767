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
  // Shells of ordinary users, and sudo from them, leave out the folders with mount, ip and debootstrap.
  const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`
  return {
    run: (program, args, how) => options.run(program, args, { ...how, env: { PATH, ...how.env } }),
    clock: options.clock,
    stateDir: options.stateDir ?? defaultStateDir,
  }
}
