import type { ConditionJson } from '@navarch/api/rest'
import type { Tone } from './style.ts'

/** Conditions that say that something works; all others say that something holds the pool back. */
const isGood = /(?:Ready|Found|Left)$/

/** Whether an operator should look at it. */
export function isNotable({ type, status }: ConditionJson): boolean {
  return status === (isGood.test(type) ? 'false' : 'true')
}

/** A condition's status with its colour. */
export function conditionStatus(condition: ConditionJson): { text: string; tone: Tone } {
  const tone = condition.status === 'unknown' ? 'unknown' : isNotable(condition) ? 'warning' : 'good'
  return { text: condition.status, tone }
}
