/** A dashboard as it is described here, and as Grafana reads it. Source: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */

export type Unit =
  | 'short'
  | 'percent'
  | 'percentunit'
  | 'bytes'
  | 'mbytes'
  | 'watt'
  | 'celsius'
  | 's'
  | 'µs'
  | 'rotmhz'
  | 'dateTimeFromNow'

export interface Query {
  expr: string
  /** e.g. "{{node}}"; without it the labels. */
  legend?: string
}

export interface Panel {
  title: string
  /** `graph` over time, `stat` one number, `table` the values of now with their labels, `bars` those of now, longest first. */
  kind: 'graph' | 'stat' | 'table' | 'bars'
  queries: readonly Query[]
  unit?: Unit
  /** Of 24. */
  width: number
  /** Default 8; 4 for a stat. */
  height?: number
  /** One sentence below the title's mark. */
  note?: string
  /** Amounts on top of each other. */
  stacked?: boolean
  max?: number
  /** From this value on it is amber, and red; the other way round where `low` is set. */
  limits?: { amber: number; red: number; low?: boolean }
  /** Labels that a table leaves out. */
  hide?: readonly string[]
}

export interface Row {
  title: string
  panels: readonly Panel[]
}

/** A value that the reader chooses: of a label of a metric. */
export interface Variable {
  name: string
  label: string
  metric: string
  /** The label of `metric` whose values there are. */
  of: string
  multi?: boolean
}

export interface Dashboard {
  /** Name of its file and its address in Grafana, "navarch-" before it. */
  name: string
  title: string
  note: string
  /** Default "now-6h". */
  from?: string
  variables?: readonly Variable[]
  rows: readonly Row[]
}

/** Of every panel: the reader chooses. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own placeholder
const datasource = { type: 'prometheus', uid: '${datasource}' }

/** The file that Grafana reads. */
export function dashboardJson(dashboard: Dashboard): string {
  const json = {
    uid: `navarch-${dashboard.name}`,
    title: dashboard.title,
    description: dashboard.note,
    tags: ['navarch'],
    schemaVersion: 39,
    timezone: 'browser',
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: dashboard.from ?? 'now-6h', to: 'now' },
    links: [
      { type: 'dashboards', tags: ['navarch'], title: 'Navarch', asDropdown: true, includeVars: true, keepTime: true },
    ],
    templating: { list: [datasourceVariable, ...(dashboard.variables ?? []).map(variableJson)] },
    panels: placePanels(dashboard.rows),
  }
  return `${JSON.stringify(json, undefined, 2)}\n`
}

const datasourceVariable = { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }

function variableJson({ name, label, metric, of, multi = false }: Variable) {
  const query = { query: `label_values(${metric}, ${of})`, refId: name }
  return {
    ...{ name, label, type: 'query', datasource, query, definition: query.query, refresh: 2, sort: 3 },
    ...(multi && { multi, includeAll: true, allValue: '.*', current: { text: ['All'], value: ['$__all'] } }),
  }
}

/** Rows below each other; panels from the left, and in a new line where one does not fit. */
function placePanels(rows: readonly Row[]) {
  const placed: unknown[] = []
  let y = 0
  for (const { title, panels } of rows) {
    placed.push({
      id: placed.length + 1,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    })
    y += 1
    let [x, lineHeight] = [0, 0]
    for (const panel of panels) {
      const h = panel.height ?? (panel.kind === 'stat' ? 4 : 8)
      if (x + panel.width > 24) {
        y += lineHeight
        x = 0
        lineHeight = 0
      }
      placed.push({ ...panelJson(panel, placed.length + 1), gridPos: { x, y, w: panel.width, h } })
      x += panel.width
      lineHeight = Math.max(lineHeight, h)
    }
    y += lineHeight
  }
  return placed
}

const types = { graph: 'timeseries', stat: 'stat', table: 'table', bars: 'bargauge' } as const

function panelJson(panel: Panel, id: number) {
  const { kind, title, note, queries, unit = 'short', max, limits } = panel
  const isNow = kind !== 'graph'
  const targets = queries.map(({ expr, legend }, at) => ({
    ...{ refId: String.fromCharCode('A'.charCodeAt(0) + at), datasource, expr, legendFormat: legend ?? '__auto' },
    ...(isNow &&
      kind !== 'stat' && { instant: true, range: false, format: kind === 'table' ? 'table' : 'time_series' }),
  }))
  const defaults = {
    unit,
    // Zero is on the axis of every amount, and what is not known is a gap.
    ...(unit !== 'dateTimeFromNow' && kind === 'graph' && { min: 0 }),
    ...(max !== undefined && { max }),
    noValue: 'unknown',
    thresholds: thresholds(limits),
    color: { mode: limits && isNow ? 'thresholds' : 'palette-classic' },
    ...(kind === 'graph' && { custom: graphStyle(panel) }),
  }
  return {
    ...{ id, type: types[kind], title, ...(note !== undefined && { description: note }), datasource, targets },
    fieldConfig: { defaults, overrides: [] },
    options: optionsOf(panel),
    ...(kind === 'table' && { transformations: tableColumns(panel) }),
  }
}

function graphStyle({ stacked = false }: Panel) {
  return {
    ...{ lineWidth: 1, fillOpacity: stacked ? 40 : 5, showPoints: 'never', spanNulls: false },
    stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
  }
}

function optionsOf({ kind }: Panel) {
  const reduceOptions = { calcs: ['lastNotNull'], fields: '', values: false }
  if (kind === 'stat') return { reduceOptions, graphMode: 'area', colorMode: 'value', textMode: 'auto' }
  if (kind === 'bars') return { reduceOptions, orientation: 'horizontal', displayMode: 'basic', showUnfilled: true }
  if (kind === 'table') return { showHeader: true, cellHeight: 'sm' }
  return { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } }
}

function tableColumns({ hide = [], queries }: Panel) {
  const excludeByName = Object.fromEntries(['Time', '__name__', 'instance', 'job', ...hide].map((name) => [name, true]))
  const join = queries.length > 1 ? [{ id: 'merge', options: {} }] : []
  return [...join, { id: 'organize', options: { excludeByName } }]
}

function thresholds(limits: Panel['limits']) {
  const [good, amber, red] = ['green', 'orange', 'red']
  if (!limits) return { mode: 'absolute', steps: [{ color: good, value: null }] }
  const steps = limits.low
    ? [
        { color: red, value: null },
        { color: amber, value: limits.red },
        { color: good, value: limits.amber },
      ]
    : [
        { color: good, value: null },
        { color: amber, value: limits.amber },
        { color: red, value: limits.red },
      ]
  return { mode: 'absolute', steps }
}
