import type { EventJson } from '@navarch/api/rest'
import type { FreshnessJson } from '@navarch/api/views'
import type { Clock } from '@navarch/system/clock'
import type { Fleet } from '../../fleet/fleet.ts'
import type { SlurmLink } from '../../slurm/slurm-link.ts'
import { renderEvent } from '../render.ts'
import type { FleetRow, FleetRows } from './fleet-rows.ts'
import { rowsAtOnce } from './up-to-date.ts'

/** One message of the live stream: its kind, and its JSON. `revision` is where a follower resumes. */
export interface LiveMessage {
  kind: 'fleet' | 'event' | 'freshness'
  text: string
  revision?: number
}

export interface FleetFeedDeps {
  rows: FleetRows
  fleet: Pick<Fleet, 'subscribe' | 'onTouch'>
  slurm: Pick<SlurmLink, 'onLook'> | undefined
  freshness: () => FreshnessJson
  /** Brings the rows up to date, a piece at a time. */
  upToDate: () => Promise<void>
  clock: Clock
  /** Ends the renewals. */
  signal: AbortSignal
}

export interface FleetFeed {
  /** The whole fleet as FleetJson, as it is now. The same text for all who ask for it within a second. */
  full(): Promise<{ text: string; revision: number }>
  /** What happens to the fleet after a revision, until the signal. A slow reader gets changes joined, never a queue. */
  follow(after: number | undefined, signal: AbortSignal): AsyncGenerator<LiveMessage, void, undefined>
  followers(): number
}

/** Least time between two renewals while somebody follows, and while nobody does, ms. */
const followedMs = 150
const unfollowedMs = 1_000
/** Between two pieces of a renewal, so that requests get their turn, ms. */
const pauseMs = 5
/** Silence after which a follower is told how fresh things are, ms. */
const aliveMs = 5_000
/** Events that a follower may be behind. */
const keptEvents = 200
/** How long a rendered whole is given again, ms. */
const fullMs = 1_000

/** Renews the rows when something happened, and tells those who follow. */
export function createFleetFeed(deps: FleetFeedDeps): FleetFeed {
  const { rows, fleet, slurm, freshness, upToDate, clock, signal } = deps
  const wakes = new Set<() => void>()
  let events: EventJson[] = []
  let looks = 0
  let renewedAt = 0
  let cancel: (() => void) | undefined
  let full: { text: string; revision: number; at: number } | undefined
  let delta: { after: number; revision: number; text: string } | undefined

  const wakeAll = (): void => {
    for (const wake of wakes) wake()
  }

  const renew = (): void => {
    cancel = undefined
    if (signal.aborted) return
    const before = rows.revision()
    const left = rows.renew(rowsAtOnce)
    renewedAt = clock.now()
    if (rows.revision() !== before) wakeAll()
    schedule(left > 0 ? pauseMs : unfollowedMs)
  }

  /** Sooner than what is scheduled already, never later. */
  let dueAt = Number.POSITIVE_INFINITY
  const schedule = (ms: number): void => {
    const at = clock.now() + ms
    if (cancel && dueAt <= at) return
    cancel?.()
    dueAt = at
    cancel = clock.after(ms, renew)
  }
  const soon = (): void => {
    const pause = wakes.size > 0 ? followedMs : unfollowedMs
    schedule(Math.max(0, renewedAt + pause - clock.now()))
  }

  const stops = [
    fleet.onTouch((id) => {
      rows.mark(id)
      soon()
    }),
    fleet.subscribe((changes) => {
      for (const change of changes) {
        if (change.kind === 'node') rows.mark(change.node.id)
        if (change.kind === 'node-removed') rows.mark(change.id)
        if (change.kind === 'operation') rows.mark(change.operation.node)
        if (change.kind === 'event') events = [...events, renderEvent(change.event)].slice(-keptEvents)
      }
      soon()
      if (changes.some((change) => change.kind === 'event')) wakeAll()
    }),
    slurm?.onLook(() => {
      looks++
      soon()
      wakeAll()
    }),
  ]
  signal.addEventListener('abort', () => {
    cancel?.()
    for (const stop of stops) stop?.()
  })
  schedule(0)

  function fullNow(): { text: string; revision: number } {
    const revision = rows.revision()
    if (!full || full.revision !== revision || clock.now() - full.at > fullMs) {
      full = { text: fullText(rows.rows(), revision, freshness()), revision, at: clock.now() }
    }
    return full
  }

  /** Followers that are equally far share one text. */
  function deltaAfter(after: number): { text: string; revision: number } | 'nothing' | undefined {
    const revision = rows.revision()
    if (after === revision) return 'nothing'
    if (delta?.after !== after || delta.revision !== revision) {
      const news = rows.since(after)
      if (!news) return undefined
      delta = { after, revision, text: deltaText(news, revision) }
    }
    return delta
  }

  return {
    async full() {
      await upToDate()
      return fullNow()
    },
    async *follow(after, ended) {
      let last = after ?? -1
      let lastEvent = events.at(-1)?.seq ?? 0
      let lastLook = -1
      let woken = true
      let wake = (): void => {}
      const onWake = (): void => {
        woken = true
        wake()
      }
      wakes.add(onWake)
      ended.addEventListener('abort', onWake)
      try {
        soon()
        while (!ended.aborted) {
          woken = false
          const news = deltaAfter(last)
          if (news !== 'nothing') {
            const told = news ?? fullNow()
            last = told.revision
            yield { kind: 'fleet', text: told.text, revision: told.revision }
          }
          for (const event of events.filter((each) => each.seq > lastEvent)) {
            lastEvent = event.seq
            yield { kind: 'event', text: JSON.stringify(event) }
          }
          if (looks !== lastLook) {
            lastLook = looks
            yield { kind: 'freshness', text: JSON.stringify(freshness()) }
          }
          if (woken || ended.aborted) continue
          const quiet = await new Promise<boolean>((resolve) => {
            const stop = clock.after(aliveMs, () => resolve(true))
            wake = () => {
              stop()
              resolve(false)
            }
          })
          wake = () => {}
          if (quiet) yield { kind: 'freshness', text: JSON.stringify(freshness()) }
        }
      } finally {
        wakes.delete(onWake)
        ended.removeEventListener('abort', onWake)
      }
    },
    followers: () => wakes.size,
  }
}

function fullText(rows: ReadonlyMap<string, FleetRow>, revision: number, freshness: FreshnessJson): string {
  const nodes = [...rows.keys()].sort(byName).map((id) => rows.get(id)?.text)
  return `{"revision":${revision},"nodes":[${nodes.join(',')}],"freshness":${JSON.stringify(freshness)}}`
}

function deltaText({ changed, removed }: { changed: FleetRow[]; removed: string[] }, revision: number): string {
  const texts = changed.map((row) => row.text)
  return `{"revision":${revision},"changed":[${texts.join(',')}],"removed":${JSON.stringify(removed)}}`
}

function byName(a: string, b: string): number {
  return a < b ? -1 : 1
}
