import type { TopologyGroup } from '@navarch/slurm/topology'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import { noPlaces, type Places, placesOf } from './places.ts'
import type { SlurmLink } from './slurm-link.ts'

/** An administrator changes the topology with `scontrol reconfigure` or a restart: it is asked for this often, ms. */
const askEveryMs = 10 * 60_000
/** What did not answer is asked again sooner, ms. */
const retryMs = 60_000

/**
 * Knows where Slurm's topology has the nodes: one cheap command with a look now and then, and none while Slurm is away.
 * @param slurm undefined: there is no Slurm here, and no node has a place
 * @param signal ends the asking
 * @returns the places as they were last told; the same map as long as nothing changes. They stay when Slurm is away.
 */
export function watchTopology(
  slurm: Pick<SlurmLink, 'onLook' | 'view' | 'topology'> | undefined,
  signal: AbortSignal,
  { clock, log }: { clock: Pick<Clock, 'now'>; log: Log },
): () => Places {
  if (!slurm) return () => noPlaces
  let groups: readonly TopologyGroup[] = []
  let places = noPlaces
  let problem: string | undefined
  let nextAt = Number.NEGATIVE_INFINITY

  const ask = async (): Promise<void> => {
    const told = await slurm.topology()
    problem = undefined
    if (told === undefined || JSON.stringify(told) === JSON.stringify(groups)) return
    groups = told
    places = placesOf(told)
  }

  const fail = (error: unknown): void => {
    nextAt = clock.now() + retryMs
    const text = error instanceof Error ? error.message : String(error)
    if (text === problem || signal.aborted) return
    problem = text
    log.warn('Slurm does not tell its topology: racks and switches stay as they were known', { error: text })
  }

  const stop = slurm.onLook(() => {
    if (slurm.view().error !== undefined || clock.now() < nextAt) return
    nextAt = clock.now() + askEveryMs
    void ask().catch(fail)
  })
  signal.addEventListener('abort', stop)
  return () => places
}
