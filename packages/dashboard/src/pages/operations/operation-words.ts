import type { OperationJson, OperationStepJson } from '@navarch/api/rest'
import type { Tone } from '../../components/chips.tsx'
import { formatDuration } from '../../lib/format.ts'

const operationTones: Record<OperationJson['state'], Tone> = {
  waiting_for_approval: 'todo',
  running: 'info',
  waiting: 'mending',
  succeeded: 'good',
  failed: 'act',
  cancelled: 'quiet',
}

const stateNames: Partial<Record<OperationJson['state'], string>> = { waiting_for_approval: 'to approve' }

export function toneOfOperation(state: OperationJson['state']): Tone {
  return operationTones[state]
}

export function nameOfOperationState(state: OperationJson['state']): string {
  return stateNames[state] ?? state
}

export function isOverOperation(state: OperationJson['state']): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled'
}

/** Kinds as they stand behind "the"; others are nouns as they are. */
const nouns: Partial<Record<OperationJson['kind'], string>> = {
  provision: 'provisioning',
  replace: 'replacement',
  uncordon: 'return',
}

/** An operation as it is spoken of: "replacement of train-001". */
export function nameOfOperation({ kind, node }: Pick<OperationJson, 'kind' | 'node'>): string {
  return `${nouns[kind] ?? kind} of ${node}`
}

export type OperationAct = 'approve' | 'reject' | 'retry' | 'cancel'

/** What a person may do with an operation in a state. */
export function actsOf(state: OperationJson['state']): readonly OperationAct[] {
  if (state === 'waiting_for_approval') return ['approve', 'reject']
  if (state === 'failed') return ['retry']
  return isOverOperation(state) ? [] : ['cancel']
}

/** Seconds that a step took, or has been at work; null before it began. */
export function secondsOfStep({ started_at, finished_at }: OperationStepJson, now: number): number | null {
  if (started_at === null) return null
  return ((finished_at === null ? now : Date.parse(finished_at)) - Date.parse(started_at)) / 1000
}

/** The page's answer: what is the case, and whether a person is needed. */
export function answerOfOperation(
  operation: OperationJson,
  now: number,
): { answer: string; mood: 'good' | 'mending' | 'todo' | 'act' } {
  const { state, reason, created_at, updated_at, approval } = operation
  const what = nameOfOperation(operation)
  const step = operation.steps.find(({ name }) => name === operation.step)
  switch (state) {
    case 'waiting_for_approval':
      return { answer: `The ${what} waits for your approval: ${reason}.`, mood: 'todo' }
    case 'succeeded': {
      const took = formatDuration((Date.parse(updated_at) - Date.parse(created_at)) / 1000)
      return { answer: `The ${what} is done; it took ${took}.`, mood: 'good' }
    }
    case 'failed':
      return { answer: `The ${what} failed at “${operation.step}”: ${step?.message ?? ''}`, mood: 'act' }
    case 'cancelled': {
      const why = approval?.state === 'rejected' ? ` It was rejected by ${approval.by}: ${approval.reason}.` : ''
      return { answer: `The ${what} was cancelled.${why}`, mood: 'good' }
    }
    case 'waiting':
    case 'running': {
      const seconds = step ? secondsOfStep(step, now) : null
      const since = seconds === null ? '' : `, for ${formatDuration(seconds)}`
      const message = step?.message ? `: ${step.message}` : ''
      return { answer: `The ${what} is at “${operation.step}”${since}${message}.`, mood: 'mending' }
    }
  }
}
