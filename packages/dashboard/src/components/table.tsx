import { useVirtualizer } from '@tanstack/react-virtual'
import { type CSSProperties, type KeyboardEvent, type ReactNode, useRef } from 'react'

export interface Column<Row> {
  key: string
  title: ReactNode
  /** CSS grid track, e.g. "1fr", "90px", "minmax(120px, 2fr)". */
  width: string
  /** Numbers stand on the right. */
  align?: 'end'
  /** Left out where the list is narrow. */
  isExtra?: boolean
  /** Its title sorts, by `key`. */
  canSort?: boolean
  cell: (row: Row) => ReactNode
}

/** Height of a row, px. */
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
  /** Of the scrolled part, px; without it the list is as long as its rows, up to 70 % of the window. */
  height?: number
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
  })
  const tracks: CSSProperties & Record<`--${string}`, string> = {
    '--columns': columns.map(({ width }) => width).join(' '),
    '--columns-narrow': columns.flatMap(({ width, isExtra }) => (isExtra ? [] : width)).join(' '),
  }
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
        {columns.map(({ key, title, align, isExtra, canSort }) => (
          <span key={key} role="columnheader" className={cellClass(align, isExtra)} aria-sort={sortOf(key, sort)}>
            {canSort && onSort ? (
              <button type="button" className="table-sort" onClick={() => onSort(sort === key ? `-${key}` : key)}>
                {title}
                {sortOf(key, sort) && <span aria-hidden="true">{sort === key ? ' ▲' : ' ▼'}</span>}
              </button>
            ) : (
              title
            )}
          </span>
        ))}
      </div>
      <div
        ref={scroller}
        className="table-body"
        role="rowgroup"
        tabIndex={0}
        onKeyDown={onKeyDown}
        style={height === undefined ? {} : { height }}
      >
        <div role="presentation" style={{ height: virtualizer.getTotalSize(), position: 'relative' }}>
          {virtualizer.getVirtualItems().map((item) => {
            const row = rows[item.index]
            if (row === undefined) return null
            const isSelected = keyOf(row) === selected || isSelectedRow?.(row) === true
            return (
              <div
                key={keyOf(row)}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={isSelected}
                className={`table-row ${isSelected ? 'is-selected' : ''}`}
                style={{ transform: `translateY(${item.start}px)`, height: rowHeight }}
                onClick={() => onSelect?.(row)}
                onDoubleClick={() => onOpen?.(row)}
              >
                {columns.map(({ key, align, isExtra, cell }) => (
                  <span key={key} role="cell" className={cellClass(align, isExtra)}>
                    {cell(row)}
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

function cellClass(align: 'end' | undefined, isExtra: boolean | undefined): string {
  return `table-cell${align === 'end' ? ' is-number' : ''}${isExtra ? ' is-extra' : ''}`
}

function sortOf(key: string, sort: string | undefined): 'ascending' | 'descending' | undefined {
  if (sort === key) return 'ascending'
  return sort === `-${key}` ? 'descending' : undefined
}
