import type { GridModel } from './grid-model.ts'
import type { GridLayout } from './layout.ts'

/** A frame around one cell, above the canvas: moving it draws nothing. */
export function GridMarker({
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
