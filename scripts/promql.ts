/** What queries of Prometheus ask for, and whether there is such a thing. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './source-files.ts'

/** Documents whose tables list the metrics of Navarch, by their first column. */
const documents = ['docs/metrics.md', 'docs/gpu-exporter.md', 'docs/slurm-exporter.md']

/** Metrics that others export and our rules look at. */
const others = [
  // Prometheus itself
  ...['up', 'ALERTS'],
  // mysqld_exporter
  ...['mysql_global_status_threads_connected', 'mysql_global_variables_max_connections'],
  // kubelet
  ...['kubelet_volume_stats_used_bytes', 'kubelet_volume_stats_capacity_bytes'],
  // node_exporter
  ...['node_filesystem_avail_bytes', 'node_filesystem_size_bytes'],
]

/** Tells whether there is a metric of this name. */
export async function knownMetrics(): Promise<(name: string) => boolean> {
  const texts = await Promise.all(documents.map((path) => readFile(join(root, path), 'utf8')))
  const patterns = texts.flatMap(metricsOfTables)
  return (name) => others.includes(name) || patterns.some((pattern) => pattern.test(name))
}

/**
 * Names in the first cells of a document's tables, as patterns: `a_<state>` stands for each state. A histogram's series come
 * with its name.
 */
export function metricsOfTables(markdown: string): RegExp[] {
  const cells = [...markdown.matchAll(/^\| *(`[^|]*)\|/gm)].map(([, cell = '']) => cell)
  const names = cells.flatMap((cell) => [...cell.matchAll(/`([a-zA-Z_:][\w:<>]*)[`{]/g)].map(([, name = '']) => name))
  return names.map((name) => new RegExp(`^${name.replaceAll(/<\w+>/g, '\\w+')}(_bucket|_sum|_count)?$`))
}

/** Words of PromQL that are no names of metrics. Source: https://prometheus.io/docs/prometheus/latest/querying/operators/ */
const words = new Set(
  'and or unless by without on ignoring group_left group_right offset bool inf nan start end atan2'.split(' '),
)

/** Names of the metrics in a query that Prometheus would take. */
export function metricsOfQuery(query: string): string[] {
  const bare = query
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
  const names = [...bare.matchAll(/(?<![\w:.])[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])/g)].map(([name]) => name)
  return [...new Set(names.filter((name) => !words.has(name.toLowerCase())))]
}
