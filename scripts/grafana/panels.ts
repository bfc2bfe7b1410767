import type { Panel, Query, Unit } from './dashboard-json.ts'

/** Short forms of the panels that dashboards are made of. */

type More = Omit<Panel, 'title' | 'kind' | 'queries' | 'unit' | 'width'> & { width?: number }

export function graph(title: string, unit: Unit, queries: readonly Query[], more: More = {}): Panel {
  return { title, kind: 'graph', queries, unit, width: 12, ...more }
}

export function stat(title: string, unit: Unit, expr: string, more: More = {}): Panel {
  return { title, kind: 'stat', queries: [{ expr }], unit, width: 4, ...more }
}

export function table(title: string, unit: Unit, queries: readonly Query[], more: More = {}): Panel {
  return { title, kind: 'table', queries, unit, width: 12, ...more }
}

export function bars(title: string, unit: Unit, queries: readonly Query[], more: More = {}): Panel {
  return { title, kind: 'bars', queries, unit, width: 12, ...more }
}

export function query(expr: string, legend?: string): Query {
  return { expr, ...(legend !== undefined && { legend }) }
}
