import type { Operation, StepName } from '@navarch/core/operation/operation'
import { backoffDelay } from '@navarch/system/backoff'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Fleet, FleetChange } from '../fleet/fleet.ts'
import { ServiceError } from '../services/service-error.ts'
import { type Approvals, createApprovals } from './approvals.ts'
import { currentStep, type NewOperation, newOperation } from './new-operation.ts'
import { canCancel, lookDeadlineMs, type Step, type StepOutcome } from './step.ts'
import { afterLook, afterRollback, begin, isExpired, makesMachine, rollBack, startOver } from './transition.ts'

export interface EngineOptions {
  fleet: Fleet
  clock: Clock
  random: () => number
  log: Log
  /** The step to run for an operation's current step. */
  stepOf: (operation: Operation) => Step
  /** Undoes what the operation did so far: takes back the machine that it launched, lifts its drain. */
  rollback: Step
  /** What else changes when an operation ends, in the same commit. */
  onEnd: (operation: Operation) => FleetChange[]
  /** How long a pool's rejected proposal is not made again, ms. */
  rejectCooldownMs: (pool: string) => number
  /** A short unique id. */
  newId: () => string
  signal: AbortSignal
}

/** Runs operations, each step recorded before and after, all of them again after a crash. */
export interface Engine extends Approvals {
  /**
   * Records a new operation and starts on it at once, or lets it wait for approval. Refuses a second one for the same node; what
   * only waits for approval makes way.
   */
  start(request: NewOperation, changes?: readonly FleetChange[]): Promise<Operation>
  cancel(id: string): Promise<Operation>
  /** Resolves when the operation is over; rejects with a conflict when that takes longer than `withinMs`. */
  ended(id: string, withinMs: number): Promise<void>
  /** Begins a failed operation again: at its removal where that has begun, at a new machine where one is missing, else from its start. */
  retry(id: string): Promise<Operation>
  /** Looks at all operations that are due. Called whenever something happened that one may wait for. */
  wake(node?: string): void
  /** Resolves when no step is being run; used at the program's end. */
  idle(): Promise<void>
}

const retryBackoff = { firstMs: 2_000, maxMs: 60_000 }
/** Most operations of one lane at once: more would starve the rest of the program. */
const maxConcurrent = 64
/** Steps that wait for providers and hosts have a lane of their own: a drain never stands behind a bootstrap. */
const slowSteps: ReadonlySet<StepName> = new Set(['remove', 'provision', 'bootstrap'])
/** How long an operation rests whose record could not be stored, ms. */
const unstoredRestMs = 5_000

/** Makes the engine. Operations that the fleet has loaded go on where they were. */
export function createEngine(options: EngineOptions): Engine {
  const { fleet, clock, log, signal } = options
  const running = new Map<string, Promise<void>>()
  /** Woken: to be looked at again at once, whatever their time. */
  const urgent = new Set<string>()
  /** Until when those rest that could not be stored, ms. */
  const resting = new Map<string, number>()
  const lanes = { slow: new Set<string>(), quick: new Set<string>() }
  let cancelTimer = () => {}

  const record = (operation: Operation, changes: readonly FleetChange[] = []) =>
    fleet.commit([{ kind: 'operation', operation }, ...changes])

  function schedule(): void {
    cancelTimer()
    if (signal.aborted) return
    let next = Number.POSITIVE_INFINITY
    for (const operation of fleet.operations.values()) {
      if (running.has(operation.id) || operation.state === 'waiting_for_approval') continue
      const due = Math.max(urgent.has(operation.id) ? 0 : operation.notBefore, resting.get(operation.id) ?? 0)
      if (due > clock.now()) {
        next = Math.min(next, due)
        continue
      }
      const lane = slowSteps.has(operation.step) ? lanes.slow : lanes.quick
      if (lane.size >= maxConcurrent) continue
      urgent.delete(operation.id)
      resting.delete(operation.id)
      launch(operation, lane)
    }
    if (next < Number.POSITIVE_INFINITY) cancelTimer = clock.after(Math.max(1, next - clock.now()), schedule)
  }

  function launch(operation: Operation, lane: Set<string>): void {
    const { id } = operation
    const work = advance(operation)
      .catch((error: unknown) => {
        resting.set(id, clock.now() + unstoredRestMs)
        if (!signal.aborted) log.error('operation stopped', { operation: id, error: String(error) })
      })
      .finally(() => {
        running.delete(id)
        lane.delete(id)
        if (!fleet.operations.has(id)) {
          urgent.delete(id)
          resting.delete(id)
        }
        schedule()
      })
    running.set(id, work)
    lane.add(id)
  }

  async function advance(found: Operation): Promise<void> {
    const now = clock.now()
    if (found.cancelRequested && !found.facts.rollback && canCancel(found)) {
      await finish(found, rollBack(found, 'cancelled by an operator', 'cancel', now))
      return
    }
    if (!found.facts.rollback && isExpired(found, now)) {
      await finish(
        found,
        rollBack(found, `${found.step} took longer than it may: ${currentStep(found).message}`, 'fail', now),
      )
      return
    }
    const started = found.facts.rollback ? found : begin(found, now)
    if (started !== found) await record(started, [stepEvent(started, 'started')])
    const outcome = await look(started)
    // The step may have recorded facts, and someone may have asked to cancel, while it ran.
    const latest = fleet.operations.get(found.id) ?? started
    const delay = backoffDelay(retryBackoff, currentStep(latest).attempts - 1, options.random())
    const { rollback } = latest.facts
    if (!rollback) {
      const undone = latest.cancelRequested && canCancel(latest) && outcome.kind === 'done'
      const decided: StepOutcome = undone ? { kind: 'cancel', message: 'cancelled by an operator' } : outcome
      await finish(latest, afterLook(latest, decided, clock.now(), delay), outcome)
    } else if (outcome.kind === 'done') {
      await finish(latest, afterRollback(latest, rollback.message, rollback.end, clock.now()), outcome)
    } else await finish(latest, afterLook(latest, asWait(outcome), clock.now(), delay))
  }

  async function look(operation: Operation): Promise<StepOutcome> {
    const deadline = AbortSignal.timeout(lookDeadlineMs[operation.step])
    const step = operation.facts.rollback ? options.rollback : options.stepOf(operation)
    try {
      return await step({
        operation,
        signal: AbortSignal.any([signal, deadline]),
        record: async (facts, changes = []) => {
          const latest = fleet.operations.get(operation.id) ?? operation
          const next = { ...latest, facts: { ...latest.facts, ...facts }, updatedAt: clock.now() }
          await record(next, changes)
          return next
        },
      })
    } catch (error) {
      if (signal.aborted) throw error
      return { kind: 'retry', message: error instanceof Error ? error.message : String(error) }
    }
  }

  async function finish(before: Operation, after: Operation, outcome?: StepOutcome): Promise<void> {
    const changes: FleetChange[] = outcome && 'changes' in outcome ? [...(outcome.changes ?? [])] : []
    const step = currentStep({ ...after, step: before.step })
    if (after.step !== before.step || after.state !== before.state || step.message !== currentStep(before).message) {
      changes.push(stepEvent({ ...after, step: before.step }, step.state === 'running' ? after.state : step.state))
    }
    const over = after.state === 'succeeded' || after.state === 'failed' || after.state === 'cancelled'
    if (over) changes.push(...options.onEnd(after))
    await record(after, changes)
    if (over) logEnd(after)
  }

  function logEnd(operation: Operation): void {
    const fields = { pool: operation.pool, node: operation.node, operation: operation.id }
    if (operation.state === 'failed') {
      log.error(`${operation.kind} failed`, { ...fields, step: operation.step, error: currentStep(operation).message })
    } else
      log.info(`${operation.kind} ${operation.state}`, {
        ...fields,
        seconds: (operation.updatedAt - operation.createdAt) / 1000,
      })
  }

  signal.addEventListener('abort', () => cancelTimer(), { once: true })

  const { makeWay, ...approvals } = createApprovals({ ...options, find, refuseIfInHand, begun: schedule })

  return {
    async start(request, changes = []) {
      refuseIfInHand(request.node)
      const operation = newOperation(options.newId(), clock.now(), request)
      const message = `${request.kind} ${request.propose ? 'waits for approval' : 'started'}: ${request.reason}`
      await record(operation, [
        ...makeWay(request.node, `${operation.kind} ${operation.id} takes its place`),
        ...changes,
        { kind: 'event', type: 'operation', message, ...where(operation) },
      ])
      schedule()
      return operation
    },
    async cancel(id) {
      // Not by way of a promise: a step may record facts in the meantime, which a copy from before would undo.
      const operation = fleet.operations.get(id)
      if (!operation) throw new ServiceError('conflict', `operation ${id} is over (${(await find(id)).state})`)
      if (operation.state === 'waiting_for_approval') {
        throw new ServiceError(
          'conflict',
          `operation ${id} waits for approval: reject it, with: navarch operation reject ${id}`,
        )
      }
      if (operation.cancelRequested) return operation
      if (!canCancel(operation)) {
        throw new ServiceError('conflict', `operation ${id} cannot be undone any more: its step is ${operation.step}`)
      }
      const asked = { ...operation, cancelRequested: true, notBefore: clock.now(), updatedAt: clock.now() }
      // Should its step run just now, the request is looked at as soon as that ends.
      urgent.add(id)
      await record(asked, [{ kind: 'event', type: 'operation', message: 'cancel requested', ...where(asked) }])
      schedule()
      return asked
    },
    ...approvals,
    ended(id, withinMs) {
      return new Promise((resolve, reject) => {
        if (!fleet.operations.has(id)) {
          resolve()
          return
        }
        const stop = fleet.subscribe(() => {
          if (fleet.operations.has(id)) return
          stop()
          cancelDeadline()
          resolve()
        })
        const cancelDeadline = clock.after(withinMs, () => {
          stop()
          reject(new ServiceError('conflict', `operation ${id} is still being undone; try again`))
        })
      })
    },
    async retry(id) {
      const operation = await find(id)
      if (operation.state === 'waiting') {
        urgent.add(id)
        schedule()
        return operation
      }
      if (operation.state !== 'failed')
        throw new ServiceError('conflict', `operation ${id} is ${operation.state}, not failed`)
      refuseIfInHand(operation.node)
      if (makesMachine(operation) && fleet.nodes.get(operation.node)?.machine) {
        throw new ServiceError('conflict', `node ${operation.node} has a machine again: there is nothing to retry`)
      }
      const fresh = startOver(operation, clock.now())
      await record(fresh, [{ kind: 'event', type: 'operation', message: 'retried by an operator', ...where(fresh) }])
      schedule()
      return fresh
    },
    wake(node) {
      if (node !== undefined) {
        const operation = fleet.operationOf(node)
        if (!operation) return
        urgent.add(operation.id)
      }
      schedule()
    },
    async idle() {
      await Promise.allSettled(running.values())
    },
  }

  function refuseIfInHand(node: string): void {
    const busy = fleet.operationOf(node)
    if (!busy) return
    const remedy = canCancel(busy) ? `, or end it with: navarch operation cancel ${busy.id}` : ''
    const message = `operation ${busy.id} (${busy.kind}) has node ${node} in hand: wait for it${remedy}`
    throw new ServiceError('conflict', message)
  }

  async function find(id: string): Promise<Operation> {
    const operation = fleet.operations.get(id) ?? (await fleet.history.operation(id))
    if (!operation) throw new ServiceError('not_found', `operation not found: ${id}`)
    return operation
  }
}

function asWait(outcome: StepOutcome): StepOutcome {
  return outcome.kind === 'wait' ? outcome : { kind: 'retry', message: outcome.message ?? '' }
}

function where(operation: Operation): { pool: string; node: string; operation: string } {
  return { pool: operation.pool, node: operation.node, operation: operation.id }
}

function stepEvent(operation: Operation, state: string): FleetChange {
  const { message } = currentStep(operation)
  return {
    kind: 'event',
    type: 'operation-step',
    message: `${operation.step} ${state}${message ? `: ${message}` : ''}`,
    ...where(operation),
  }
}
