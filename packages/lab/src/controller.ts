import type { Clock } from '@navarch/system/clock'
import type { RunCommand } from '@navarch/system/run-command'
import { LabError } from './errors.ts'

/** Slurm's programs for users and administrators. */
export const clientPrograms: readonly string[] = [
  ...['sacct', 'sacctmgr', 'salloc', 'sattach', 'sbatch', 'sbcast', 'scancel', 'scontrol', 'sdiag', 'sinfo', 'sprio'],
  ...['squeue', 'sreport', 'srun', 'sshare', 'sstat', 'strigger'],
]

/**
 * Waits until the controller answers.
 * @param run runs Slurm's programs by name
 * @param readLog the end of the controller's log
 * @throws LabError with that log when it does not answer within a minute
 */
export async function waitForController(clock: Clock, run: RunCommand, readLog: () => Promise<string>): Promise<void> {
  const giveUpAt = clock.now() + 60_000
  for (;;) {
    const ping = await run('scontrol', ['ping'], { deadlineMs: 15_000 })
    if (/ is UP/.test(ping.stdout)) return
    if (clock.now() >= giveUpAt)
      throw new LabError(`slurmctld does not answer: ${ping.stderr}${ping.stdout}\n${await readLog()}`)
    await clock.sleep(200)
  }
}
