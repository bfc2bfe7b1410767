import { useEffect, useMemo, useRef } from 'react'
import uPlot from 'uplot'
import { useTheme } from '../app/theme.ts'
import { formatTime } from '../lib/format.ts'
import { type ChartSpec, chartCsv, reducePoints } from './chart-options.ts'

/** Charts of the same key share their cursor. */
export interface TimeChartProps {
  title: string
  spec: ChartSpec
  height?: number
  syncKey?: string
  /** Called when a stretch is dragged. ms since the epoch. */
  onSelectRange?: (from: number, to: number) => void
  /** The range that is shown; without it, that of the data. */
  range?: { from: number; to: number }
}

/** One chart over time: one unit, zero on the axis, gaps where nothing is known, bands with their word. */
export function TimeChart({ title, spec, height = 180, syncKey = 'page', onSelectRange, range }: TimeChartProps) {
  const holder = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const select = useRef(onSelectRange)
  select.current = onSelectRange
  const theme = useTheme()
  const shape = useMemo(() => spec.lines.map(({ label, color }) => `${label}|${color}`).join('\n'), [spec.lines])

  // biome-ignore lint/correctness/useExhaustiveDependencies: data is set below; only another shape needs another plot
  useEffect(() => {
    const element = holder.current
    if (!element) return
    const made = new uPlot(
      optionsOf(spec, element, height, syncKey, (from, to) => select.current?.(from, to)),
      dataOf(spec, element.clientWidth),
      element,
    )
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [shape, height, syncKey, spec.unit, theme])

  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has made another plot
  useEffect(() => {
    const element = holder.current
    if (!element || !plot.current) return
    bandsOf.set(plot.current, spec.bands ?? [])
    plot.current.setData(dataOf(spec, element.clientWidth))
    if (range) plot.current.setScale('x', { min: range.from / 1000, max: range.to / 1000 })
  }, [spec, range, theme])

  return (
    <figure className="chart">
      <figcaption className="chart-head">
        <h3>{title}</h3>
        <span className="chart-exports">
          <button type="button" className="link" onClick={() => save(`${title}.csv`, 'text/csv', chartCsv(spec))}>
            CSV
          </button>
          <button type="button" className="link" onClick={() => savePicture(title, plot.current)}>
            PNG
          </button>
        </span>
      </figcaption>
      <div ref={holder} className="chart-plot" style={{ minHeight: height + legendHeight }} />
      <p className="visually-hidden">{describe(spec)}</p>
    </figure>
  )
}

/** Of the values below a plot, px. */
const legendHeight = 28

/** Bands are drawn by the plot itself, which lives longer than one set of them. */
const bandsOf = new WeakMap<uPlot, NonNullable<ChartSpec['bands']>>()

function dataOf(spec: ChartSpec, width: number): uPlot.AlignedData {
  const reduced = reducePoints(
    spec.times,
    spec.lines.map(({ values }) => values),
    Math.max(width, 200),
  )
  return [reduced.times.map((time) => time / 1000), ...reduced.lines]
}

function optionsOf(
  spec: ChartSpec,
  element: HTMLElement,
  height: number,
  syncKey: string,
  onSelect: (from: number, to: number) => void,
): uPlot.Options {
  const css = getComputedStyle(element)
  const color = (name: string) => css.getPropertyValue(name).trim()
  const axis = {
    stroke: color('--text-faint'),
    grid: { stroke: color('--chart-grid'), width: 1 },
    ticks: { show: false },
  }
  const { stepped } = uPlot.paths
  return {
    width: element.clientWidth,
    height,
    cursor: { sync: { key: syncKey }, drag: { x: true, y: false, setScale: false } },
    legend: { live: true },
    scales: { x: { time: true }, y: { range: (_, __, high) => [0, spec.max ?? niceTop(high)] } },
    axes: [
      { ...axis, size: 26, values: (_, ticks) => timeTexts(ticks) },
      {
        ...axis,
        size: 56,
        space: 24,
        ...(spec.unit.startsWith('bytes') ? { incrs: binarySteps } : {}),
        values: (_, ticks) => ticks.map((tick) => spec.format(tick)),
      },
    ],
    series: [
      { label: '', value: (_, at) => (at === null ? '' : formatTime(at * 1000).slice(5)) },
      ...spec.lines.map(
        (line): uPlot.Series => ({
          label: line.label,
          stroke: color(line.color),
          width: 1.5,
          spanGaps: false,
          points: { show: false },
          value: (_, value) => (value === null ? '?' : spec.format(value)),
          ...(line.isDashed ? { dash: [5, 4] } : {}),
          ...(line.isStepped && stepped ? { paths: stepped({ align: 1 }) } : {}),
          ...(line.isFilled ? { fill: `${color(line.color)}22` } : {}),
        }),
      ),
    ],
    hooks: {
      drawClear: [(drawn) => drawBands(drawn, color)],
      // Without a pointer the newest values are shown.
      setLegend: [
        (drawn) => {
          const last = (drawn.data[0]?.length ?? 0) - 1
          if (drawn.cursor.idx == null && last >= 0) drawn.setLegend({ idx: last }, false)
        },
      ],
      setSelect: [
        (drawn) => {
          if (drawn.select.width < 4) return
          const from = drawn.posToVal(drawn.select.left, 'x') * 1000
          const to = drawn.posToVal(drawn.select.left + drawn.select.width, 'x') * 1000
          drawn.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          onSelect(from, to)
        },
      ],
    },
  }
}

/** Ticks as local times; the day where a new one begins. @param ticks seconds since the epoch, rising */
function timeTexts(ticks: readonly number[]): string[] {
  const step = (ticks[1] ?? 0) - (ticks[0] ?? 0)
  return ticks.map((tick) => {
    const text = formatTime(tick * 1000)
    if (step < 60) return text.slice(11)
    return step >= 86_400 || text.slice(11, 16) === '00:00' ? text.slice(5, 10) : text.slice(11, 16)
  })
}

/** Steps of an axis of bytes: round in GiB, not in thousands. */
const binarySteps = Array.from({ length: 50 }, (_, power) => 2 ** power)

function niceTop(high: number | null): number {
  return high === null || high <= 0 ? 1 : high * 1.08
}

function drawBands(plot: uPlot, color: (name: string) => string): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.font = `${11 * devicePixelRatio}px sans-serif`
  for (const { from, to, text, tone } of bandsOf.get(plot) ?? []) {
    const left = Math.max(bbox.left, plot.valToPos(from / 1000, 'x', true))
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to / 1000, 'x', true))
    if (right <= left && from !== to) continue
    ctx.fillStyle = color(`--${tone}`)
    ctx.globalAlpha = 0.16
    ctx.fillRect(left, bbox.top, Math.max(2, right - left), bbox.height)
    ctx.globalAlpha = 1
    ctx.fillText(text, left + 4, bbox.top + 12 * devicePixelRatio)
  }
  ctx.restore()
}

function describe(spec: ChartSpec): string {
  return spec.lines
    .map(({ label, values }) => {
      const known = values.filter((value) => value !== null)
      if (known.length === 0) return `${label}: not known.`
      const last = known.at(-1) ?? 0
      const low = known.reduce((least, value) => Math.min(least, value), last)
      const high = known.reduce((most, value) => Math.max(most, value), last)
      return `${label}: ${spec.format(last)} now, from ${spec.format(low)} to ${spec.format(high)}.`
    })
    .join(' ')
}

function save(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }))
  click(url, name)
  URL.revokeObjectURL(url)
}

function savePicture(title: string, plot: uPlot | null): void {
  if (plot) click(plot.ctx.canvas.toDataURL('image/png'), `${title}.png`)
}

function click(url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}
