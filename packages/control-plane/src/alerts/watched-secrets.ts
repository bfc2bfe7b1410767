import type { ReceiverSpec, SecretRef } from '@navarch/core/alert/alerts-spec'
import type { Clock } from '@navarch/system/clock'
import type { Outbox } from './outbox.ts'
import { secretsOf } from './receivers/secrets-of.ts'

export interface SecretDeps {
  receivers: readonly ReceiverSpec[]
  /** Rejects where it is not there. */
  secret: (ref: SecretRef) => Promise<string>
  outbox: Pick<Outbox, 'noteUnusable' | 'noteUsable'>
  clock: Clock
}

/** A file of a dead file system is not waited for longer, ms. */
const deadlineMs = 5_000

/**
 * Looks for the secrets of receivers: of all of them the first time, then of those that were not there. A receiver without its secret is
 * told at once, not when somebody should have been woken.
 */
export function watchSecrets({ receivers, secret, outbox, clock }: SecretDeps): () => Promise<void> {
  const unproved = new Map(receivers.map((receiver) => [receiver.name, receiver]))
  const asked = new Set<string>()

  const problemOf = (receiver: ReceiverSpec): Promise<string> => {
    // The one that is on its way holds a thread of ours; a second one would hold another.
    asked.add(receiver.name)
    return Promise.all(secretsOf(receiver).map(secret))
      .then(
        () => '',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
      .finally(() => asked.delete(receiver.name))
  }

  const look = async (receiver: ReceiverSpec): Promise<void> => {
    if (asked.has(receiver.name)) return
    const late = Promise.withResolvers<string>()
    const cancel = clock.after(deadlineMs, () => late.resolve(`its secret could not be read in ${deadlineMs} ms`))
    const problem = await Promise.race([problemOf(receiver), late.promise])
    cancel()
    if (problem !== '') return outbox.noteUnusable(receiver.name, problem)
    unproved.delete(receiver.name)
    outbox.noteUsable(receiver.name)
  }

  return async () => {
    await Promise.all([...unproved.values()].map(look))
  }
}
