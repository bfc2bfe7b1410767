import type { AlertCondition, AlertRuleJson } from '@navarch/api/alerts'
import { formatDuration, formatExact } from '../../lib/format.ts'

const signs: Record<AlertCondition, string> = { gt: '>', lt: '<', eq: '=', gte: '≥', lte: '≤' }

/** A rule's limit exactly as it is written, e.g. "< 99.9 %". */
export function limitWords({
  condition,
  threshold,
  unit,
}: Pick<AlertRuleJson, 'condition' | 'threshold' | 'unit'>): string {
  return [signs[condition], formatExact(threshold), unit].filter((word) => word !== '').join(' ')
}

/** When a rule fires, e.g. "slurm_availability_percent < 99.9 % for 5m". */
export function conditionWords(
  rule: Pick<AlertRuleJson, 'metric' | 'condition' | 'threshold' | 'unit' | 'duration'>,
): string {
  return `${rule.metric} ${limitWords(rule)}${rule.duration > 0 ? ` for ${formatDuration(rule.duration)}` : ''}`
}
