import { useFleet, useNow } from '../api/fleet-hooks.ts'
import type { FleetState } from '../api/fleet-store.ts'
import { formatAge } from '../lib/format.ts'

/** Looks that may be missed before the age turns amber, and red. */
const amberPolls = 2
const redPolls = 5
/** Without Slurm: seconds of silence of the control plane. */
const silenceSeconds = 15

export interface Freshness {
  tone: 'good' | 'mending' | 'act' | 'unknown'
  text: string
  why: string
}

/** How fresh what is shown is, by what was missed. @param now the server's time, ms */
export function judgeFreshness(
  fleet: Pick<FleetState, 'connection' | 'heardAt' | 'clockOffset' | 'freshness' | 'problem'>,
  now: number,
): Freshness {
  const heard = fleet.heardAt + fleet.clockOffset
  if (fleet.connection === 'connecting')
    return { tone: 'unknown', text: 'connecting', why: 'nothing has been read yet' }
  if (fleet.connection === 'lost') {
    const age = fleet.heardAt === 0 ? 'never' : formatAge(heard, now)
    return { tone: 'act', text: `not connected, ${age}`, why: `${fleet.problem}; trying again` }
  }
  const { freshness } = fleet
  if (!freshness || freshness.slurm_every === null) {
    const isSilent = now - heard > silenceSeconds * 1000
    return {
      tone: isSilent ? 'mending' : 'good',
      text: isSilent ? formatAge(heard, now) : 'live',
      why: 'no Slurm is watched',
    }
  }
  if (freshness.slurm_at === null) {
    return { tone: 'act', text: 'Slurm not seen', why: freshness.slurm_problem ?? 'Slurm has not been seen yet' }
  }
  // The server's clock is known to the length of a request: nothing is seen before it is.
  const age = Math.max(0, (now - Date.parse(freshness.slurm_at)) / 1000)
  const polls = age / freshness.slurm_every
  const text = formatAge(now - age * 1000, now)
  const why = freshness.slurm_problem ?? `Slurm is looked at every ${freshness.slurm_every} s`
  if (polls > redPolls) return { tone: 'act', text: `Slurm ${text}`, why }
  if (polls > amberPolls) return { tone: 'mending', text: `Slurm ${text}`, why }
  return { tone: 'good', text, why }
}

/** At the top of every page. */
export function FreshnessMark() {
  const fleet = useFleet()
  const now = useNow(1000)
  const { tone, text, why } = judgeFreshness(fleet, now)
  return (
    <span className={`freshness tone-${tone}`} title={why} role="status">
      <span className="freshness-dot" aria-hidden="true" />
      {text}
    </span>
  )
}
