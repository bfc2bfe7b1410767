import { type AccountShare, parseAccountShares, shareArguments } from './fair-share.ts'
import { parseReservations, type ReservationRecord } from './reservation-record.ts'
import { runSlurm, type SlurmCommandOptions } from './slurm-command.ts'
import type { CommandCost } from './snapshot.ts'

/** What changes slowly, and is asked for less often than a snapshot. Absent: Slurm did not answer, or has no such thing. */
export interface SlurmDetails {
  /** When the look began, ms since the epoch. */
  takenAt: number
  reservations?: readonly ReservationRecord[]
  /** Absent without accounting. */
  shares?: readonly AccountShare[]
  costs: readonly CommandCost[]
}

/** Reads it with Slurm's commands, one after the other. Never fails: what cannot be read is absent. */
export async function readDetails(options: SlurmCommandOptions): Promise<SlurmDetails> {
  const takenAt = options.clock.now()
  const costs: CommandCost[] = []
  const read = async <T>(name: string, program: string, args: readonly string[], parse: (text: string) => T) => {
    try {
      const { stdout, tookMs } = await runSlurm(options, program, args)
      costs.push({ command: name, tookMs, bytes: stdout.length })
      return parse(stdout)
    } catch {
      return undefined
    }
  }
  const scontrol = ['-a', '-o', 'show', 'reservations']
  const reservations = await read('scontrol show reservations', 'scontrol', scontrol, parseReservations)
  const shares = await read('sshare', 'sshare', shareArguments, parseAccountShares)
  return { takenAt, costs, ...(reservations && { reservations }), ...(shares && shares.length > 0 && { shares }) }
}
