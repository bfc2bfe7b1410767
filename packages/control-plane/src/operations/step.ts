import type { Operation, OperationFacts, OperationKind, StepName } from '@navarch/core/operation/operation'
import type { FleetChange } from '../fleet/fleet.ts'

/**
 * How one look at a step ended:
 * - `done`: the step's aim holds in the world
 * - `wait`: not yet; look again after `ms`
 * - `retry`: something went wrong that may pass; look again after a back-off
 * - `give-up`: this machine will not do; take it back and try another one, a few times
 * - `fail`: it cannot be done; take the machine back and end
 * - `cancel`: it is not needed any more; end
 */
export type StepOutcome =
  | { kind: 'done'; message?: string; facts?: Partial<OperationFacts>; changes?: FleetChange[] }
  | { kind: 'wait'; ms: number; message: string; facts?: Partial<OperationFacts> }
  | { kind: 'retry'; message: string; facts?: Partial<OperationFacts> }
  | { kind: 'give-up'; message: string }
  | { kind: 'fail'; message: string }
  | { kind: 'cancel'; message: string; changes?: FleetChange[] }

/** What a step works with. */
export interface StepContext {
  /** As it was recorded last. */
  operation: Operation
  /** Aborted at the step's deadline and when the program ends. */
  signal: AbortSignal
  /**
   * Makes facts and changes durable in the middle of a step: before the act that they announce.
   * @returns the operation with these facts
   */
  record(facts: Partial<OperationFacts>, changes?: FleetChange[]): Promise<Operation>
}

/**
 * One step: looks at the world, does at most what is missing, and says how it stands. It is called again after any
 * crash and must find out by itself what has been done.
 */
export type Step = (context: StepContext) => Promise<StepOutcome>

const minute = 60_000
const hour = 60 * minute

/** Longest time a step may take from its start, ms. Then the operation is undone and has failed. */
export const stepDeadlineMs: Record<StepName, number> = {
  drain: 24 * hour,
  // Jobs may run for as long as their partitions let them.
  wait: 30 * 24 * hour,
  // A provider that is away must not leave a machine behind that nobody ends.
  remove: 30 * 24 * hour,
  // Capacity may take long to come; the provider's own boot deadline bounds a launched machine.
  provision: 7 * 24 * hour,
  bootstrap: 45 * minute,
  register: 15 * minute,
  verify: 15 * minute,
  return: 15 * minute,
}

/** Longest time that one look at a step may take, ms. */
export const lookDeadlineMs: Record<StepName, number> = {
  drain: 30_000,
  wait: 30_000,
  remove: 60_000,
  provision: 60_000,
  bootstrap: 45 * minute,
  register: 30_000,
  verify: 30_000,
  return: 30_000,
}

/** Machines that one operation tries before it fails. */
export const maxRounds = 3

/** Whether the operation can still be undone: its node has not lost its machine for good. */
export function canCancel(operation: Operation): boolean {
  const safe: Record<OperationKind, readonly StepName[]> = {
    provision: ['provision', 'bootstrap', 'register', 'verify'],
    replace: ['drain', 'wait'],
    'scale-down': ['drain', 'wait'],
    cordon: ['drain'],
    drain: ['drain', 'wait'],
    uncordon: ['return'],
  }
  return safe[operation.kind].includes(operation.step)
}
