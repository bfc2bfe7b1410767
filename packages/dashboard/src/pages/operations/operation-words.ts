import type { OperationJson, OperationStepJson } from '@navarch/api/rest'
import { formatDuration } from '../../lib/format.ts'

type Tone = 'good' | 'mending' | 'act' | 'info' | 'unknown' | 'quiet'

const operationTones: Record<OperationJson['state'], Tone> = {
  waiting_for_approval: 'act',
  running: 'info',
  waiting: 'mending',
  succeeded: 'good',
  failed: 'act',
  cancelled: 'quiet',
}

const stateNames: Partial<Record<OperationJson['state'], string>> = { waiting_for_approval: 'waits for approval' }

export function toneOfOperation(state: OperationJson['state']): Tone {
  return operationTones[state]
}

export function nameOfOperationState(state: OperationJson['state']): string {
  return stateNames[state] ?? state
}

export function isOverOperation(state: OperationJson['state']): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled'
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
): { answer: string; mood: 'good' | 'mending' | 'act' } {
  const { kind, node, state, reason, created_at, updated_at, approval } = operation
  const what = `${kind} of ${node}`
  const step = operation.steps.find(({ name }) => name === operation.step)
  switch (state) {
    case 'waiting_for_approval':
      return { answer: `The ${what} waits for your approval: ${reason}.`, mood: 'act' }
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
