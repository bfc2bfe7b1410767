/** One metric with its samples, in the order in which they are printed. */
export interface Metric {
  name: string
  help: string
  /** `untyped` for names ending in "_total" or "_count" that are no counters or counts, which the documents fix. */
  type: 'gauge' | 'counter' | 'histogram' | 'untyped'
  samples: readonly MetricSample[]
}

export interface MetricSample {
  /** What a histogram's series have after the name. */
  suffix?: '_bucket' | '_sum' | '_count'
  labels?: Readonly<Record<string, string>>
  value: number
}

/**
 * Renders Prometheus' text format 0.0.4.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 * @param texts keeps what labels look like: metrics of the same things have the same labels, the larger part of a text. For
 *   metrics that are rendered one after the other.
 */
export function renderMetrics(metrics: readonly Metric[], texts: Map<object, string> = new Map()): string {
  return metrics.map((metric) => renderMetric(metric, texts)).join('')
}

function renderMetric({ name, help, type, samples }: Metric, texts: Map<object, string>): string {
  const lines = samples.map(({ suffix = '', labels, value }) => {
    const text = labels === undefined ? '' : (texts.get(labels) ?? renderLabels(labels, texts))
    return `${name}${suffix}${text} ${renderValue(value)}\n`
  })
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function renderLabels(labels: Readonly<Record<string, string>>, texts: Map<object, string>): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  const text = pairs.length > 0 ? `{${pairs.join(',')}}` : ''
  texts.set(labels, text)
  return text
}

function renderValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}

function escapeLabel(text: string): string {
  if (!/[\\\n"]/.test(text)) return text
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
