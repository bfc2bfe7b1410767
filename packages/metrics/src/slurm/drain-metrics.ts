import type { Metric } from '../exposition.ts'
import { bounded, type Dropped, gauge } from './make-metrics.ts'
import type { CountedNode } from './node-counts.ts'

/** Nodes whose reason is told at most; the longest kept out of service first. */
const mostReasons = 1000
const longestReason = 100

/** Why nodes are kept out of service, by whom and since when: those that are drained, down or failing and have a reason. */
export function drainMetrics(nodes: readonly CountedNode[], now: number, dropped: Dropped): Metric[] {
  const out = nodes.filter(
    ({ state, record }) => ['drain', 'down', 'fail'].includes(state) && record.reason !== undefined,
  )
  const shown = bounded(out, mostReasons, ({ record }) => -(record.reasonAt ?? 0), 'drain_reasons', dropped)
  const since = shown.flatMap(({ record }) =>
    record.reasonAt === undefined ? [] : [{ node: record.name, at: record.reasonAt }],
  )
  return [
    gauge(
      'slurm_node_drain_reason_info',
      'Why a node is drained, down or failing, and who said so; the reason is cut at 100 characters.',
      shown.map(({ record, word }) => ({
        labels: {
          node: record.name,
          status: word,
          reason: shortReason(record.reason ?? ''),
          user: record.reasonUser ?? '',
        },
        value: 1,
      })),
    ),
    gauge(
      'slurm_node_drain_since_timestamp_seconds',
      'When the reason was given.',
      since.map(({ node, at }) => ({ labels: { node }, value: at / 1000 })),
    ),
    gauge(
      'slurm_node_drain_age_seconds',
      'How long ago the reason was given, at the look at Slurm.',
      since.map(({ node, at }) => ({ labels: { node }, value: Math.max(0, (now - at) / 1000) })),
    ),
  ]
}

/** One line without control characters, short enough for a label. */
function shortReason(reason: string): string {
  const line = reason.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
  const letters = [...line]
  return letters.length > longestReason ? `${letters.slice(0, longestReason - 1).join('')}…` : line
}
