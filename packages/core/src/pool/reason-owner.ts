/** Who gave a node its reason in Slurm: nobody, us, Slurm itself, or a person. */
export type ReasonOwner = 'nobody' | 'ours' | 'slurm' | 'person'

/**
 * Reasons that slurmctld and slurmd set by themselves. Source: the slurmctld and slurmd sources of 21.08 to 26.05.
 * Slurm appends to a reason that is there, so these are beginnings.
 */
const slurmReasons =
  /^(not responding|node unexpectedly rebooted|resumetimeout reached|reboot (timed out|complete)|low (realmemory|cpus|tmpdisk|sockets)|gres\/\S+ count|kill task failed|batch job complete failure|prolog error|epilog error|duplicate jobid|node registration|invalid registration|scheduled for reboot|powered? down|no cloud)/i

/** Whether a reason marks a drain of ours: it begins with "navarch:", in any case. */
export function isOurReason(reason: string | undefined): boolean {
  return /^navarch:/i.test(reason?.trim() ?? '')
}

/** Whose a node's reason is. What nobody else is known to have written is a person's. */
export function reasonOwner(reason: string | undefined): ReasonOwner {
  const text = reason?.trim() ?? ''
  if (text === '' || text === '(null)' || text.toLowerCase() === 'none') return 'nobody'
  if (isOurReason(text)) return 'ours'
  return slurmReasons.test(text) ? 'slurm' : 'person'
}
