import uPlot from 'uplot'
import { formatTime } from '../lib/format.ts'
import type { ChartBand, ChartSpec } from './chart-spec.ts'
import { isFlat } from './is-flat.ts'
import { labelRows } from './label-rows.ts'
import { lonePoints } from './reduce-points.ts'
import { timeTexts } from './time-axis.ts'
import { visibleBands } from './visible-bands.ts'

/** What a plot is made with. Its lines and unit stay; `spec()` is the newest, with other values and bands. */
export interface PlotSettings {
  spec: () => ChartSpec
  width: number
  height: number
  /** Plots of the same key share their cursor. */
  syncKey: string
  /** The value of a CSS variable. */
  color: (name: string) => string
  /** ms since the epoch. */
  onSelect: (from: number, to: number) => void
}

/** uPlot's options for a chart over time: one unit, zero on the axis, gaps where nothing is known. */
export function plotOptions({ spec, width, height, syncKey, color, onSelect }: PlotSettings): uPlot.Options {
  const { unit, format, max, lines } = spec()
  const axis = {
    stroke: color('--text-faint'),
    grid: { stroke: color('--chart-grid'), width: 1 },
    ticks: { show: false },
  }
  // A line along zero has no scale: a step of one byte or one watt would be made up.
  const filter = (_: uPlot, ticks: number[]): (number | null)[] =>
    max === undefined && isFlat(spec()) ? ticks.map((tick) => (tick === 0 ? tick : null)) : ticks
  return {
    width,
    height,
    padding: [() => wordsHeight(spec().bands ?? []), timeRoom, null, null],
    cursor: { sync: { key: syncKey }, drag: { x: true, y: false, setScale: false } },
    legend: { live: true },
    scales: { x: { time: true }, y: { range: (_, __, high) => [0, max ?? niceTop(high)] } },
    axes: [
      { ...axis, size: 26, space: 70, values: (_, ticks) => timeTexts(ticks) },
      {
        ...axis,
        grid: { ...axis.grid, filter },
        filter,
        size: (_, texts) => widthOf(texts),
        space: 24,
        ...(unit.startsWith('bytes') ? { incrs: binarySteps } : {}),
        values: (_, ticks) => ticks.map((tick) => (tick === null ? null : format(tick).replace('.0 ', ' '))),
      },
    ],
    series: [
      { label: '', value: (_, at) => (at === null ? '' : formatTime(at * 1000).slice(5)) },
      ...lines.map((line) => seriesOf(line, format, color)),
    ],
    hooks: {
      drawClear: [(plot) => drawBands(plot, spec().bands ?? [], color)],
      // Without a pointer the newest values are shown.
      setLegend: [
        (plot) => {
          const last = (plot.data[0]?.length ?? 0) - 1
          if (plot.cursor.idx == null && last >= 0) plot.setLegend({ idx: last }, false)
        },
      ],
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return
          const from = plot.posToVal(plot.select.left, 'x') * 1000
          const to = plot.posToVal(plot.select.left + plot.select.width, 'x') * 1000
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          onSelect(from, to)
        },
      ],
    },
  }
}

function seriesOf(
  { label, color: name, isDashed, isStepped, isFilled }: ChartSpec['lines'][number],
  format: ChartSpec['format'],
  color: (name: string) => string,
): uPlot.Series {
  const { stepped } = uPlot.paths
  return {
    label,
    stroke: color(name),
    width: 1.5,
    spanGaps: false,
    points: { show: false, size: 4, fill: color(name), filter: (plot, index) => lonePlaces(plot, index) },
    value: (_, value) => (value === null ? '?' : format(value)),
    ...(isDashed ? { dash: [5, 4] } : {}),
    ...(isStepped && stepped ? { paths: stepped({ align: 1 }) } : {}),
    ...(isFilled ? { fill: `${color(name)}22` } : {}),
  }
}

function lonePlaces(plot: uPlot, index: number): number[] | null {
  const places = lonePoints([...(plot.data[index] ?? [])])
  return places.length === 0 ? null : places
}

/** Room for the longest text at an axis, px. */
function widthOf(texts: readonly (string | null)[] | null): number {
  const longest = Math.max(0, ...(texts ?? []).map((text) => text?.length ?? 0))
  return Math.max(44, Math.ceil(longest * 6.8) + 14)
}

/** Steps of an axis of bytes: round in GiB, not in thousands. */
const binarySteps = Array.from({ length: 50 }, (_, power) => 2 ** power)

function niceTop(high: number | null): number {
  return high === null || high <= 0 ? 1 : high * 1.08
}

/** Room at the right for half of the last time, px. */
const timeRoom = 28

/** Rows of words above a plot, at the most, and the height of each, px. */
const wordRows = 3
const wordRow = 13

/** Room above a plot for the words of its bands, px: on the lines they would hide what they are about. */
function wordsHeight(bands: readonly ChartBand[]): number {
  const words = bands.filter(({ text }) => text !== '').length
  return words === 0 ? 8 : rowsOf(words) * wordRow + 6
}

function rowsOf(words: number): number {
  return Math.min(wordRows, words)
}

function drawBands(plot: uPlot, bands: readonly ChartBand[], color: (name: string) => string): void {
  const { ctx, bbox, scales } = plot
  const { min, max } = scales['x'] ?? {}
  if (min === undefined || max === undefined || min === null || max === null) return
  const px = devicePixelRatio
  ctx.save()
  ctx.font = `${11 * px}px sans-serif`
  const drawn = visibleBands(bands, { from: min * 1000, to: max * 1000 }).map(({ from, to, text, tone }) => {
    const at = plot.valToPos(from / 1000, 'x', true)
    const width = Math.max(2, plot.valToPos(to / 1000, 'x', true) - at)
    const length = ctx.measureText(text).width
    // At the right end there is no room behind the band's beginning.
    const left = at + length > bbox.left + bbox.width ? Math.max(bbox.left, at + width - length) : at
    return { at, width, text, color: color(`--${tone}`), left, right: left + length }
  })
  const rows = labelRows(
    drawn.map(({ text, left, right }) => (text === '' ? { left: 0, right: -1 } : { left, right })),
    wordRows,
  )
  const words = rowsOf(bands.filter(({ text }) => text !== '').length)
  for (const [index, band] of drawn.entries()) {
    ctx.fillStyle = band.color
    ctx.globalAlpha = 0.16
    ctx.fillRect(band.at, bbox.top, band.width, bbox.height)
    ctx.globalAlpha = 1
    const row = rows[index] ?? -1
    if (row >= 0) ctx.fillText(band.text, band.left, bbox.top - ((words - 1 - row) * wordRow + 5) * px)
  }
  ctx.restore()
}
