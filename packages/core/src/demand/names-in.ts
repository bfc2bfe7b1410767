import { expandHostlist } from '@navarch/slurm/hostlist'

/**
 * The names of a hostlist of a job's request; none when there is no list, or when Slurm would not understand it either
 * (users write these by hand).
 */
export function namesIn(hostlist: string | undefined): string[] {
  if (hostlist === undefined || hostlist === '') return []
  try {
    return expandHostlist(hostlist)
  } catch {
    return []
  }
}
