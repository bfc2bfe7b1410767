import type { NodeConfig, NodeState, RegisterNodeRequest, RegisterNodeResponse } from '@navarch/api/control-plane'
import { type BackoffPolicy, backoffDelay } from '@navarch/system/backoff'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { CommandHandler } from './commands.ts'
import type { LinkEnd, OpenLink } from './link.ts'
import { openSession, type Session } from './session.ts'

/** Agents that lose their control plane at once come back within half a minute, spread evenly. */
const reconnect: BackoffPolicy = { firstMs: 1000, maxMs: 30_000 }
/** After this much quiet the server is gone; it answers each heartbeat. */
const answerDeadlineInHeartbeats = 3

/** What is done over a link. */
export interface LinkDuties {
  /** The first message of a new link. */
  registration(): RegisterNodeRequest
  /** The link is open: what waited may go. */
  onLinked(session: Session): void
  /** Every heartbeat interval, beginning at once. */
  beat(session: Session): Promise<void>
  /** Every health check interval, beginning at once. */
  reportInFull(session: Session): void
  onDurable(reportId: string): void
  onState(state: NodeState): void
  handleCommand: CommandHandler
}

export interface LinkKeeperOptions {
  clock: Clock
  /** A number in [0, 1). */
  random: () => number
  log: Log
  server: string
  nodeId: string
  openLink: OpenLink
}

export interface LinkKeeper {
  /** The session, from the accepted registration to its end. */
  session(): Session | undefined
  /** Keeps a link open until the signal is aborted; rejects then. */
  run(signal: AbortSignal): Promise<void>
}

interface Intervals {
  heartbeatMs: number
  reportMs: number
}

/** Holds one link to the control plane, opens another when it ends, and sees to what is due on it. */
export function createLinkKeeper(options: LinkKeeperOptions, duties: LinkDuties): LinkKeeper {
  const { clock, log, server } = options
  let intervals: Intervals = { heartbeatMs: 30_000, reportMs: 60_000 }
  let session: Session | undefined

  const keepBeating = async (current: Session): Promise<void> => {
    let nextReport = 0
    let nextBeat = 0
    const over = new AbortController()
    void current.ended.then(() => over.abort())
    while (!over.signal.aborted) {
      if (isDue(nextReport, intervals.reportMs, clock.now())) {
        duties.reportInFull(current)
        nextReport = clock.now() + intervals.reportMs
      }
      if (isDue(nextBeat, intervals.heartbeatMs, clock.now())) {
        await duties.beat(current)
        nextBeat = clock.now() + intervals.heartbeatMs
      }
      const until = Math.min(nextReport, nextBeat)
      await clock.sleep(Math.max(1, until - clock.now()), over.signal).catch(() => {})
      current.expectAnswers(answerDeadlineInHeartbeats * intervals.heartbeatMs)
    }
  }

  const linkOnce = async (signal: AbortSignal): Promise<LinkEnd> => {
    const peer = {
      ...duties,
      clock,
      nodeId: options.nodeId,
      open: options.openLink,
      onRegistered: ({ config }: RegisterNodeResponse) => {
        session = current
        intervals = intervalsOf(config, intervals)
        duties.onLinked(current)
        void keepBeating(current)
      },
    }
    const current = openSession(peer, duties.registration())
    const stop = () => current.close('the agent stops')
    const cancelDeadline = clock.after(intervals.heartbeatMs, () => {
      if (session !== current) current.close('the control plane does not answer the registration')
    })
    signal.addEventListener('abort', stop, { once: true })
    const end = await current.ended
    signal.removeEventListener('abort', stop)
    cancelDeadline()
    return end
  }

  return {
    session: () => session,
    run: async (signal) => {
      for (let attempt = 0; !signal.aborted; attempt++) {
        const end = await linkOnce(signal)
        if (session) attempt = 0
        session = undefined
        signal.throwIfAborted()
        const patience = end.kind === 'lost' ? attempt : Number.POSITIVE_INFINITY
        const delayMs = backoffDelay(reconnect, patience, options.random())
        log.warn('no link to the control plane', { server, error: end.reason, retry_in_ms: delayMs })
        await clock.sleep(delayMs, signal)
      }
    },
  }
}

/** Whether the time has come, also where the machine's clock was set back and `next` lies further ahead than it ever may. */
function isDue(next: number, intervalMs: number, now: number): boolean {
  return now >= next || next - now > intervalMs
}

function intervalsOf(config: NodeConfig | undefined, before: Intervals): Intervals {
  const ms = (seconds: number | undefined, otherwise: number) => (seconds && seconds > 0 ? seconds * 1000 : otherwise)
  return {
    heartbeatMs: ms(config?.heartbeatIntervalSeconds, before.heartbeatMs),
    reportMs: ms(config?.healthCheckIntervalSeconds, before.reportMs),
  }
}
