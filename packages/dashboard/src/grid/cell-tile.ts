import type { CellStyle } from './cell-style.ts'

/** Cells of this side or more have round corners. px */
export const roundFrom = 9

/**
 * One cell of a look, drawn once and copied.
 * @param side device px
 * @param ratio device px per CSS px
 * @param color the value of a CSS variable
 */
export function drawTile(
  look: CellStyle,
  side: number,
  ratio: number,
  color: (name: string) => string,
): HTMLCanvasElement {
  const tile = document.createElement('canvas')
  tile.width = side
  tile.height = side
  const context = tile.getContext('2d')
  if (!context) return tile
  const radius = side / ratio >= roundFrom ? Math.min(5 * ratio, side * 0.16) : 0
  context.beginPath()
  context.roundRect(0, 0, side, side, radius)
  context.clip()
  context.fillStyle = color(look.color)
  const line = Math.max(1, Math.round(side / 7))
  switch (look.pattern) {
    case 'solid':
      context.fillRect(0, 0, side, side)
      break
    case 'level': {
      const filled = Math.round(side * (look.level ?? 0.5))
      context.fillRect(0, side - filled, side, filled)
      context.fillStyle = color('--state-idle')
      context.fillRect(0, 0, side, side - filled)
      break
    }
    case 'outline':
      context.lineWidth = Math.max(1, Math.min(2 * ratio, side / 5)) * 2
      context.strokeStyle = color(look.color)
      context.beginPath()
      context.roundRect(0, 0, side, side, radius)
      context.stroke()
      break
    case 'hatch':
      context.fillStyle = color('--bg-sunken')
      context.fillRect(0, 0, side, side)
      stripes(context, side, line, 1, color(look.color))
      break
    case 'stripe':
      context.fillRect(0, 0, side, side)
      stripes(context, side, line, 1, color('--bg-sunken'))
      break
    case 'unknown':
      context.fillStyle = color('--state-unknown-2')
      context.fillRect(0, 0, side, side)
      stripes(context, side, line, -1, color('--state-unknown'))
      break
  }
  if (look.isFaulty) {
    const frame = Math.max(1, Math.min(side / 14, 4 * ratio))
    markFaulty(context, side, radius, frame, color('--state-down'), color('--bg-raised'))
  }
  return tile
}

/** A frame, and a corner that is seen without colours too. */
function markFaulty(
  context: CanvasRenderingContext2D,
  side: number,
  radius: number,
  frame: number,
  mark: string,
  edge: string,
): void {
  const corner = side * 0.44
  context.beginPath()
  context.moveTo(side - corner, 0)
  context.lineTo(side, 0)
  context.lineTo(side, corner)
  context.closePath()
  context.fillStyle = mark
  context.strokeStyle = edge
  context.lineWidth = frame
  context.stroke()
  context.fill()
  // Its outer half is beyond the edge.
  context.lineWidth = frame * 2
  context.strokeStyle = mark
  context.beginPath()
  context.roundRect(0, 0, side, side, radius)
  context.stroke()
}

/** Slanted stripes, as wide as what is between them. @param slope 1 rises to the right, -1 falls */
function stripes(context: CanvasRenderingContext2D, side: number, line: number, slope: 1 | -1, stroke: string): void {
  context.strokeStyle = stroke
  context.lineWidth = line
  context.beginPath()
  const step = Math.max(2.5, line * 2.4)
  for (let at = -side; at < side * 2; at += step) {
    context.moveTo(at, slope === 1 ? side + line : -line)
    context.lineTo(at + side + line * 2, slope === 1 ? -line : side + line)
  }
  context.stroke()
}
