import { type BackoffPolicy, backoffDelay } from '@navarch/system/backoff'
import type { Clock } from '@navarch/system/clock'
import { HostError } from './host-error.ts'
import type { SshSession } from './ssh.ts'

export interface WaitForSshOptions {
  /** One attempt, e.g. `() => connectSsh(…)`. */
  connect: () => Promise<SshSession>
  /** ms in all, from the call. */
  deadlineMs: number
  /**
   * How long keys may be refused, ms, from the first refusal; default 60 000, since images start sshd before they have
   * put our key in place.
   */
  authGraceMs?: number
  clock: Clock
  random: () => number
  signal: AbortSignal
  /** Told after each failed attempt what is waited for, in a sentence. */
  onWait?: (message: string) => void
}

const pace: BackoffPolicy = { firstMs: 500, maxMs: 10_000 }

/**
 * Connects to a machine that may still be booting.
 * @throws HostError `timeout` with the last reason; `auth` and `host-key` when waiting will not help
 */
export async function waitForSsh(options: WaitForSshOptions): Promise<SshSession> {
  const { connect, deadlineMs, authGraceMs = 60_000, clock, random, signal } = options
  const startedAt = clock.now()
  let refusedSince: number | undefined
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted()
    try {
      return await connect()
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      const now = clock.now()
      refusedSince = error.code === 'auth' ? (refusedSince ?? now) : undefined
      const waits = error.code === 'unreachable' || (refusedSince !== undefined && now - refusedSince < authGraceMs)
      if (!waits) throw error
      const delay = backoffDelay(pace, attempt, random())
      if (now + delay - startedAt > deadlineMs) {
        throw new HostError('timeout', `no SSH after ${Math.round((now - startedAt) / 1000)} s: ${error.message}`, {
          remedy: error.remedy || 'Check that the machine boots, and that port and firewall let us in.',
          cause: error,
        })
      }
      options.onWait?.(`waiting for SSH: ${error.message}`)
      await clock.sleep(delay, signal)
    }
  }
}
