import { useVirtualizer } from '@tanstack/react-virtual'
import { type CSSProperties, type KeyboardEvent, type ReactNode, useRef } from 'react'
import { useRoomBelow } from '../lib/room-below.ts'
import { tracksOf } from './table-tracks.ts'

export interface Column<Row> {
  key: string
  title: ReactNode
  /** CSS grid track, e.g. "1fr", "90px", "minmax(120px, 2fr)". */
  width: string
  /** Numbers stand on the right. */
  align?: 'end'
  /** Left out where the list is narrow, as beside a panel; `phone`: only where it is as narrow as a phone. */
  isExtra?: boolean | 'phone'
  /** Shown only where the list is as narrow as a phone, below the rest of the row: in short what is left out there. */
  isBelow?: boolean
  /** Sentences: shown whole, on as many lines as they need; where the list is narrow, below the rest of the row. */
  isText?: boolean
  /** Its title sorts, by `key`. */
  canSort?: boolean
  cell: (row: Row) => ReactNode
}

/** Height of a row, px; of one with sentences, the least. */
const rowHeight = 32

/**
 * A list of any length: only the rows that are seen are drawn. Arrow keys, `j` and `k` move, Enter opens.
 * @param label says to a screen reader what the list holds
 */
export function Table<Row>({
  label,
  rows,
  columns,
  keyOf,
  selected,
  onSelect,
  onOpen,
  isSelectedRow,
  height,
  sort,
  onSort,
}: {
  label: string
  rows: readonly Row[]
  columns: readonly Column<Row>[]
  keyOf: (row: Row) => string
  selected?: string
  onSelect?: (row: Row) => void
  onOpen?: (row: Row) => void
  isSelectedRow?: (row: Row) => boolean
  /** Of the scrolled part, px; `fill` is at most what the window has left; without it the list is as long as its rows, up to 70 % of the window. */
  height?: number | 'fill'
  /** The column that the rows are sorted by: its key, with "-" from the greatest. The rows come sorted. */
  sort?: string
  onSort?: (sort: string) => void
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    // Rows with sentences are measured, and keep their height when they move.
    getItemKey: (place) => {
      const row = rows[place]
      return row === undefined ? place : keyOf(row)
    },
  })
  const room = useRoomBelow(scroller, height === 'fill')
  const hasText = columns.some(({ isText, isBelow }) => isText || isBelow)
  const tracks: CSSProperties & Record<`--${string}`, string> = tracksOf(columns)
  const index = selected === undefined ? -1 : rows.findIndex((row) => keyOf(row) === selected)

  const move = (to: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, to))]
    if (row === undefined) return
    onSelect?.(row)
    virtualizer.scrollToIndex(rows.indexOf(row))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'ArrowDown' || event.key === 'j') move(index + 1)
    else if (event.key === 'ArrowUp' || event.key === 'k') move(index - 1)
    else if (event.key === 'Home') move(0)
    else if (event.key === 'End') move(rows.length - 1)
    else if (event.key === 'Enter' && rows[index] !== undefined && event.target === scroller.current)
      onOpen?.(rows[index])
    else return
    event.preventDefault()
  }

  return (
    <div className="table" role="table" aria-label={label} aria-rowcount={rows.length + 1} style={tracks}>
      <div className="table-head" role="row">
        {columns.map((column) => {
          const { key, title, canSort } = column
          return (
            <span key={key} role="columnheader" className={cellClass(column)} aria-sort={sortOf(key, sort)}>
              {canSort && onSort ? (
                <button type="button" className="table-sort" onClick={() => onSort(sort === key ? `-${key}` : key)}>
                  {title}
                  {sortOf(key, sort) && <span aria-hidden="true">{sort === key ? ' ▲' : ' ▼'}</span>}
                </button>
              ) : (
                title
              )}
            </span>
          )
        })}
      </div>
      <div
        ref={scroller}
        className="table-body"
        role="rowgroup"
        tabIndex={0}
        data-selects={onSelect === undefined ? undefined : index < 0 ? '' : 'one'}
        onKeyDown={onKeyDown}
        style={height === undefined ? {} : height === 'fill' ? { maxHeight: room } : { height }}
      >
        <div role="presentation" style={{ height: virtualizer.getTotalSize(), position: 'relative' }}>
          {virtualizer.getVirtualItems().map((item) => {
            const row = rows[item.index]
            if (row === undefined) return null
            const isSelected = keyOf(row) === selected || isSelectedRow?.(row) === true
            return (
              <div
                key={keyOf(row)}
                ref={hasText ? virtualizer.measureElement : undefined}
                data-index={item.index}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={isSelected}
                className={`table-row ${isSelected ? 'is-selected' : ''}`}
                style={{ transform: `translateY(${item.start}px)`, [hasText ? 'minHeight' : 'height']: rowHeight }}
                onClick={() => onSelect?.(row)}
                onDoubleClick={() => onOpen?.(row)}
              >
                {columns.map((column) => (
                  <span key={column.key} role="cell" className={cellClass(column)}>
                    {column.cell(row)}
                  </span>
                ))}
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}

function cellClass({
  align,
  isExtra,
  isText,
  isBelow,
}: Pick<Column<never>, 'align' | 'isExtra' | 'isText' | 'isBelow'>): string {
  return [
    'table-cell',
    align === 'end' ? 'is-number' : '',
    isExtra === 'phone' ? 'is-extra-on-phone' : isExtra ? 'is-extra' : '',
    isText ? 'is-text' : '',
    isBelow ? 'is-below' : '',
  ]
    .filter((name) => name !== '')
    .join(' ')
}

function sortOf(key: string, sort: string | undefined): 'ascending' | 'descending' | undefined {
  if (sort === key) return 'ascending'
  return sort === `-${key}` ? 'descending' : undefined
}
