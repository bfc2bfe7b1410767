import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import { useTheme } from '../app/theme.ts'
import { chartCsv } from './chart-csv.ts'
import type { ChartSpec, TimeRange } from './chart-spec.ts'
import { describeChart } from './describe-chart.ts'
import { plotOptions } from './plot-options.ts'
import { reducePoints } from './reduce-points.ts'
import { savePicture, saveText } from './save-chart.ts'

export interface TimeChartProps {
  title: string
  spec: ChartSpec
  height?: number
  /** Charts of the same key share their cursor. */
  syncKey?: string
  /** Called when a stretch is dragged. ms since the epoch. */
  onSelectRange?: (from: number, to: number) => void
  /** The range that is shown; without it, that of the data. */
  range?: TimeRange
}

/** One chart over time: one unit, zero on the axis, gaps where nothing is known, bands with their word. */
export function TimeChart({ title, spec, height = 180, syncKey = 'page', onSelectRange, range }: TimeChartProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const theme = useTheme()
  const lines = spec.lines.map(({ label, color, isDashed, isFilled }) => [label, color, isDashed, isFilled])
  const shape = JSON.stringify([theme, height, syncKey, spec.unit, spec.max, lines])
  return (
    <figure className="chart">
      <figcaption className="chart-head">
        <h3>{title}</h3>
        <span className="chart-exports">
          <button type="button" className="link" onClick={() => saveText(`${title}.csv`, 'text/csv', chartCsv(spec))}>
            CSV
          </button>
          <button
            type="button"
            className="link"
            onClick={() => canvas.current && savePicture(title, spec, canvas.current)}
          >
            PNG
          </button>
        </span>
      </figcaption>
      <Plot
        key={shape}
        canvas={canvas}
        spec={spec}
        height={height}
        syncKey={syncKey}
        onSelectRange={onSelectRange}
        range={range}
      />
      <p className="visually-hidden">{describeChart(spec)}</p>
    </figure>
  )
}

/** Of the values below a plot, px. */
const legendHeight = 28

/** One uPlot from mount to unmount: what another plot needs is in its key. */
function Plot(props: {
  canvas: React.RefObject<HTMLCanvasElement | null>
  spec: ChartSpec
  height: number
  syncKey: string
  onSelectRange: TimeChartProps['onSelectRange']
  range: TimeRange | undefined
}) {
  const { canvas, spec, height, range } = props
  const holder = useRef<HTMLDivElement>(null)
  const latest = useRef(props)
  const renew = useRef(() => {})

  useEffect(() => {
    const element = holder.current
    if (!element) return
    const { syncKey, height: own } = latest.current
    const css = getComputedStyle(element)
    const dataNow = () => dataOf(latest.current.spec, element.clientWidth)
    const plot = new uPlot(
      plotOptions({
        spec: () => latest.current.spec,
        width: element.clientWidth,
        height: own,
        syncKey,
        color: (name) => css.getPropertyValue(name).trim(),
        onSelect: (from, to) => latest.current.onSelectRange?.(from, to),
      }),
      dataNow(),
      element,
    )
    canvas.current = plot.ctx.canvas
    const legend = element.querySelector<HTMLElement>('.u-legend tbody')
    // Values of many lines are scrolled: the keyboard must get there.
    const reachLegend = () => {
      if (legend) legend.tabIndex = legend.scrollHeight > legend.clientHeight ? 0 : -1
    }
    reachLegend()
    renew.current = () => {
      plot.setData(dataNow())
      const shown = latest.current.range
      if (shown) plot.setScale('x', { min: shown.from / 1000, max: shown.to / 1000 })
      reachLegend()
    }
    // Another width has room for other points.
    const observer = new ResizeObserver(() => {
      if (element.clientWidth === plot.width) return
      plot.setSize({ width: element.clientWidth, height: own })
      renew.current()
    })
    observer.observe(element)
    return () => {
      observer.disconnect()
      plot.destroy()
      canvas.current = null
      renew.current = () => {}
    }
  }, [canvas])

  useEffect(() => {
    latest.current = { ...latest.current, spec, range }
    renew.current()
  }, [spec, range])
  useEffect(() => {
    latest.current = { ...latest.current, onSelectRange: props.onSelectRange }
  }, [props.onSelectRange])

  return <div ref={holder} className="chart-plot" style={{ minHeight: height + legendHeight }} />
}

function dataOf({ times, lines }: ChartSpec, width: number): uPlot.AlignedData {
  const reduced = reducePoints(
    times,
    lines.map(({ values }) => values),
    Math.max(width, 200),
  )
  return [reduced.times.map((time) => time / 1000), ...reduced.lines]
}
