import { spanText } from '../job/phrases.ts'
import type { Alert } from './alert.ts'
import { type MetricName, metricDefinition } from './alert-metrics.ts'
import type { Condition, Labels } from './alert-rule.ts'

const conditionWords: Readonly<Record<Condition, string>> = {
  gt: 'more than',
  lt: 'less than',
  eq: 'exactly',
  gte: 'at least',
  lte: 'at most',
}

/** A value with its unit: "91 °C", "97.5 %", "5 min", "unhealthy". */
export function valueText(metric: MetricName, value: number): string {
  const { unit, words } = metricDefinition(metric)
  const word = words?.[value]
  if (word !== undefined) return word
  if (unit === 's') return spanText(Math.max(0, value * 1000))
  const number = Number.isInteger(value) ? String(value) : String(Number(value.toFixed(Math.abs(value) < 10 ? 2 : 1)))
  return unit === '' ? number : `${number} ${unit}`
}

/** What a rule asks for: "more than 83 °C for 5 min". */
export function conditionText({
  metric,
  condition,
  threshold,
  forMs,
}: Pick<Alert, 'metric' | 'condition' | 'threshold' | 'forMs'>): string {
  const time = forMs > 0 ? ` for ${spanText(forMs)}` : ''
  const words = metricDefinition(metric).words
  if (words?.[threshold] !== undefined) return `${words[threshold]}${time}`
  return `${conditionWords[condition]} ${valueText(metric, threshold)}${time}`
}

/** An alert in one line: "gpu-17 GPU 3: GPU temperature 91 °C (more than 83 °C for 5 min)". */
export function summaryOf(
  alert: Pick<Alert, 'metric' | 'labels' | 'note' | 'value' | 'condition' | 'threshold' | 'forMs'>,
): string {
  const subject = subjectOf(alert.labels)
  const what = alert.note === '' ? judgementOf(alert) : alert.note
  return subject === '' ? `${what[0]?.toUpperCase() ?? ''}${what.slice(1)}` : `${subject}: ${what}`
}

function judgementOf(alert: Pick<Alert, 'metric' | 'value' | 'condition' | 'threshold' | 'forMs'>): string {
  const { title, words } = metricDefinition(alert.metric)
  const value = valueText(alert.metric, alert.value)
  if (words?.[alert.value] !== undefined) {
    const time = alert.forMs > 0 ? ` for ${spanText(alert.forMs)}` : ''
    return title === value ? `${value}${time}` : `${title} ${value}${time}`
  }
  return `${title} ${value} (${conditionText(alert)})`
}

/** What an alert is about: "gpu-17 GPU 3", "pool train", "partition gpu". "" for the cluster as a whole. */
export function subjectOf(labels: Labels): string {
  const { node, gpu, job, user, pool, partition, path, database, receiver, operation } = labels
  if (job !== undefined) return user ? `job ${job} of ${user}` : `job ${job}`
  if (node !== undefined) return gpu === undefined ? node : `${node} GPU ${gpu}`
  if (operation !== undefined) return `operation ${operation}`
  if (partition !== undefined) return `partition ${partition}`
  if (path !== undefined) return path
  if (database !== undefined) return `database ${database}`
  if (receiver !== undefined) return `receiver ${receiver}`
  if (pool !== undefined && pool !== '') return `pool ${pool}`
  return ''
}
