import type { SlurmError } from '@navarch/slurm/slurm-error'

/** What to do where Slurm's commands cannot even tell their version; undefined: what they say must be enough. */
export function remedyOf({ code, message }: Pick<SlurmError, 'code' | 'message'>): string | undefined {
  if (code === 'missing-command')
    return "Put Slurm's commands on this machine (Debian's slurm-client), or name their folder with --bin."
  // They are there and do not know of which cluster.
  if (/configuration source|fetch_config|failed to fetch config/i.test(message))
    return "This machine has no slurm.conf: name the cluster's with --conf, or run this where squeue works, such as beside slurmctld."
  return undefined
}
