import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useFleetStore } from '../api/fleet-hooks.ts'
import { plural } from '../lib/format.ts'
import { stylesOf } from './cell-style.ts'
import type { GridFeed, GridNews } from './grid-feed.ts'
import type { GridModel } from './grid-model.ts'
import { cellAt, cellsWithin, type Direction, neighbour } from './hit-test.ts'
import { type GridLayout, layoutCells } from './layout.ts'
import { NodeTip } from './node-tip.tsx'
import { describeNode, noteOf, shortName } from './node-words.ts'
import { createGridPainter, noteFrom } from './paint-grid.ts'

export interface GridCanvasProps {
  feed: GridFeed
  /** Height that should do, px; `fill` is what the window has left. */
  height: number | 'fill'
  /** The node that the keyboard is at. */
  current?: string | undefined
  selected?: ReadonlySet<string>
  onMove?: (id: string) => void
  onOpen?: (id: string) => void
  /** @param isMore added to what is selected */
  onSelect?: (ids: readonly string[], isMore: boolean) => void
}

interface Point {
  x: number
  y: number
}

const arrows: Record<string, Direction> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
}
/** A pointer that moves less between down and up is a click, px. */
const clickSlack = 4
const nothing: ReadonlySet<string> = new Set()

/** The heat grid. It draws by itself with every change of the fleet, without React; what it draws is `createGridModel`'s. */
export function GridCanvas({ feed, height, current, selected = nothing, onMove, onOpen, onSelect }: GridCanvasProps) {
  const store = useFleetStore()
  const canvas = useRef<HTMLCanvasElement>(null)
  const holder = useRef<HTMLDivElement>(null)
  const { model } = feed
  const layout = useRef<GridLayout>(layoutCells([], { width: 1, height: 1, hasHeadings: false }))
  const [placed, setPlaced] = useState(0)
  const [tip, setTip] = useState<{ id: string; at: Point }>()
  const [drag, setDrag] = useState<{ from: Point; to: Point }>()
  const latest = useRef({ selected, height })
  latest.current = { selected, height }
  const draw = useRef<(news: GridNews) => void>(() => {})

  useLayoutEffect(() => {
    const element = canvas.current
    const around = holder.current
    if (!element || !around) return
    const painter = createGridPainter(element)
    let width = around.clientWidth
    draw.current = (news) => {
      const { selected: marked, height: room } = latest.current
      const { group, color } = model.settings
      if (news === 'same') return
      if (news === 'all') {
        layout.current = layoutCells(model.groups, {
          width,
          height: room === 'fill' ? roomBelow(around) : room,
          hasHeadings: group !== 'none',
        })
      }
      const picture = {
        layout: layout.current,
        looks: stylesOf(color),
        styles: model.styles,
        hasSelection: marked.size > 0,
        isSelected: (cell: number) => marked.has(model.rows[cell]?.id ?? ''),
        textOf: (cell: number) => shortName(model.rows[cell]?.id ?? ''),
        noteOf: (cell: number) => noteOf(model.rows[cell], color),
        headingsOf: (key: string, count: number) => {
          const name = key === '' ? `no ${group}` : key
          return [`${name}  ${plural(count, 'node')}`, `${name}  ${count}`, name]
        },
      }
      if (news === 'cells') painter.cells(picture, layout.current.cell >= noteFrom ? model.touched : model.changed)
      else {
        painter.all(picture)
        element.style.width = `${layout.current.width}px`
        element.style.height = `${layout.current.height}px`
        setPlaced((count) => count + 1)
      }
    }
    draw.current('all')
    const observer = new ResizeObserver(() => {
      width = around.clientWidth
      draw.current('all')
    })
    observer.observe(around)
    const onResize = () => draw.current('all')
    const onTheme = () => {
      painter.forget()
      draw.current('all')
    }
    addEventListener('resize', onResize)
    addEventListener('navarch-theme', onTheme)
    const unsubscribe = feed.listen((news) => draw.current(news))
    return () => {
      observer.disconnect()
      removeEventListener('resize', onResize)
      removeEventListener('navarch-theme', onTheme)
      unsubscribe()
    }
  }, [feed, model])

  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn again for what is shown, not for what the effect reads
  useEffect(() => draw.current('all'), [selected, height])

  const pointOf = (event: React.PointerEvent): Point => {
    const box = canvas.current?.getBoundingClientRect()
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) }
  }
  const idAt = ({ x, y }: Point): string | undefined => {
    const cell = cellAt(layout.current, x, y)
    return cell === undefined ? undefined : model.rows[cell]?.id
  }

  const onPointerDown = (event: React.PointerEvent) => {
    if (event.button !== 0) return
    const from = pointOf(event)
    if (event.pointerType === 'mouse' && onSelect) event.currentTarget.setPointerCapture(event.pointerId)
    setDrag({ from, to: from })
  }
  const onPointerMove = (event: React.PointerEvent) => {
    const at = pointOf(event)
    if (drag && event.pointerType === 'mouse' && onSelect) setDrag({ ...drag, to: at })
    if (event.pointerType !== 'mouse') return
    const id = idAt(at)
    setTip(id === undefined || drag ? undefined : { id, at })
  }
  const onPointerUp = (event: React.PointerEvent) => {
    if (!drag) return
    const to = pointOf(event)
    setDrag(undefined)
    if (isClick(drag.from, to)) {
      const id = idAt(to)
      const isMore = event.shiftKey || event.ctrlKey || event.metaKey
      if (id !== undefined && isMore && onSelect) onSelect([id], true)
      else if (id !== undefined) onOpen?.(id)
      else onSelect?.([], false)
      return
    }
    if (event.pointerType !== 'mouse') return
    const ids = cellsWithin(layout.current, drag.from, to).flatMap((cell) => model.rows[cell]?.id ?? [])
    onSelect?.(ids, event.shiftKey)
  }
  const onKeyDown = (event: React.KeyboardEvent) => {
    const direction = arrows[event.key]
    const cell = current === undefined ? undefined : model.cellOf(current)
    if (direction) {
      const next = cell === undefined ? 0 : neighbour(layout.current, cell, direction)
      const id = model.rows[next]?.id
      if (id === undefined) return
      if (event.shiftKey && onSelect) onSelect([...(current === undefined ? [] : [current]), id], true)
      onMove?.(id)
    } else if (event.key === 'Enter' && cell !== undefined && current !== undefined) onOpen?.(current)
    else if (event.key === ' ' && current !== undefined) onSelect?.([current], true)
    else return
    event.preventDefault()
  }

  return (
    <div ref={holder} className="grid-holder">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: keys are handled here, and said to be */}
      <canvas
        ref={canvas}
        className="grid-canvas"
        tabIndex={0}
        role="application"
        aria-label="Nodes as a grid. Arrow keys move, Enter opens, space selects. The table has the same nodes."
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerLeave={() => setTip(undefined)}
        onKeyDown={onKeyDown}
      />
      <Marker key={placed} id={current} model={model} layout={layout.current} className="grid-current" />
      {tip && <Marker id={tip.id} model={model} layout={layout.current} className="grid-hovered" />}
      {drag && !isClick(drag.from, drag.to) && <div className="grid-frame" style={frameOf(drag.from, drag.to)} />}
      {tip && <NodeTip id={tip.id} at={tip.at} width={layout.current.width} />}
      <p className="visually-hidden" aria-live="polite">
        {describeCurrent(current, store.get().nodes)}
      </p>
    </div>
  )
}

/** A frame around one cell, above the canvas: moving it draws nothing. */
function Marker({
  id,
  model,
  layout,
  className,
}: {
  id: string | undefined
  model: GridModel
  layout: GridLayout
  className: string
}) {
  const cell = id === undefined ? undefined : model.cellOf(id)
  if (cell === undefined || cell >= layout.count) return null
  const side = layout.cell + 4
  return (
    <div
      className={className}
      style={{
        width: side,
        height: side,
        transform: `translate(${(layout.x[cell] ?? 0) - 2}px, ${(layout.y[cell] ?? 0) - 2}px)`,
      }}
    />
  )
}

function isClick(from: Point, to: Point): boolean {
  return Math.abs(from.x - to.x) < clickSlack && Math.abs(from.y - to.y) < clickSlack
}

function frameOf(from: Point, to: Point): { left: number; top: number; width: number; height: number } {
  return {
    left: Math.min(from.x, to.x),
    top: Math.min(from.y, to.y),
    width: Math.abs(from.x - to.x),
    height: Math.abs(from.y - to.y),
  }
}

/** What the window has left below an element's top, with room for what is under it. */
function roomBelow(element: HTMLElement): number {
  return Math.max(260, innerHeight - element.getBoundingClientRect().top - scrollY - 40)
}

function describeCurrent(
  id: string | undefined,
  nodes: ReadonlyMap<string, Parameters<typeof describeNode>[0]>,
): string {
  const node = id === undefined ? undefined : nodes.get(id)
  return node ? describeNode(node) : ''
}
