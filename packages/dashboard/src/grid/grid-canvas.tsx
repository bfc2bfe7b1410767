import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useFleetStore, useStale } from '../api/fleet-hooks.ts'
import { plural } from '../lib/format.ts'
import { roomBelow } from '../lib/room-below.ts'
import { stylesOf } from './cell-style.ts'
import type { GridFeed, GridNews } from './grid-feed.ts'
import { GridMarker } from './grid-marker.tsx'
import { cellAt, cellsWithin, type Direction, neighbour } from './hit-test.ts'
import { type GridLayout, layoutCells } from './layout.ts'
import { NodeTip } from './node-tip.tsx'
import { describeNode, noteOf, shortName } from './node-words.ts'
import { createGridPainter, noteFrom } from './paint-grid.ts'
import { onPixelRatio } from './pixel-ratio.ts'

export interface GridCanvasProps {
  feed: GridFeed
  /** Height that should do, px; `fill` is what the window has left. */
  height: number | 'fill'
  /** For a screen on a wall: few cells grow until they fill it. */
  isWall?: boolean
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
/** From one cell to the next at the most on a wall, px. */
const wallPitch = 360
/** A pointer that moves less between down and up is a click, px. */
const clickSlack = 4
const nothing: ReadonlySet<string> = new Set()

/**
 * The heat grid. It draws by itself with every change of the fleet, without React; what it draws is `createGridModel`'s. Once nothing is heard
 * of the fleet any more, all of it is grey and hatched.
 */
export function GridCanvas({
  feed,
  height,
  isWall = false,
  current,
  selected = nothing,
  onMove,
  onOpen,
  onSelect,
}: GridCanvasProps) {
  const store = useFleetStore()
  const isStale = useStale()
  const canvas = useRef<HTMLCanvasElement>(null)
  const holder = useRef<HTMLDivElement>(null)
  const { model } = feed
  const layout = useRef<GridLayout>(layoutCells([], { width: 1, height: 1, hasHeadings: false }))
  const [placed, setPlaced] = useState(0)
  const [tip, setTip] = useState<{ id: string; at: Point }>()
  const [drag, setDrag] = useState<{ from: Point; to: Point }>()
  const latest = useRef({ selected, height })
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
          height:
            room === 'fill'
              ? roomBelow(
                  around.getBoundingClientRect().top + scrollY,
                  innerHeight,
                  isWall ? underWall : underGrid,
                  260,
                )
              : room,
          hasHeadings: group !== 'none',
          ...(isWall && { mostPitch: wallPitch }),
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
      // What is drawn changes the height, and needs no other drawing.
      if (around.clientWidth === width) return
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
    const stops = [feed.listen((news) => draw.current(news)), onPixelRatio(() => draw.current('all'))]
    return () => {
      observer.disconnect()
      removeEventListener('resize', onResize)
      removeEventListener('navarch-theme', onTheme)
      draw.current = () => {}
      for (const stop of stops) stop()
    }
  }, [feed, model, isWall])

  useEffect(() => {
    if (latest.current.selected === selected && latest.current.height === height) return
    latest.current = { selected, height }
    draw.current('all')
  }, [selected, height])

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
    // A button that is let go elsewhere is heard of, too.
    if (event.pointerType === 'mouse') event.currentTarget.setPointerCapture(event.pointerId)
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
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey) && onSelect)
      onSelect(
        model.rows.map(({ id }) => id),
        false,
      )
    else return
    event.preventDefault()
  }

  return (
    <div ref={holder} className={`grid-holder ${isStale ? 'is-stale' : ''}`}>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: keys are handled here, and said to be */}
      <canvas
        ref={canvas}
        className="grid-canvas"
        tabIndex={0}
        role="application"
        aria-label="Nodes as a grid. Arrow keys move, Enter opens, space selects, Control A selects all. The table has the same nodes."
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => setDrag(undefined)}
        onPointerLeave={() => setTip(undefined)}
        onKeyDown={onKeyDown}
      />
      <GridMarker key={placed} id={current} model={model} layout={layout.current} className="grid-current" />
      {tip && <GridMarker id={tip.id} model={model} layout={layout.current} className="grid-hovered" />}
      {drag && !isClick(drag.from, drag.to) && <div className="grid-frame" style={frameOf(drag.from, drag.to)} />}
      {tip && <NodeTip id={tip.id} at={tip.at} width={layout.current.width} height={layout.current.height} />}
      <p className="visually-hidden" aria-live="polite">
        {describeCurrent(current, store.get().nodes)}
      </p>
    </div>
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

/** Kept free below the grid at a desk, and on a wall, where the legend is to be seen too, px. */
const underGrid = 40
const underWall = 84

function describeCurrent(
  id: string | undefined,
  nodes: ReadonlyMap<string, Parameters<typeof describeNode>[0]>,
): string {
  const node = id === undefined ? undefined : nodes.get(id)
  return node ? describeNode(node) : ''
}
