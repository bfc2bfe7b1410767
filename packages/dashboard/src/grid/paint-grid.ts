import type { CellStyle } from './cell-style.ts'
import { drawTile, roundFrom } from './cell-tile.ts'
import { type GridLayout, headingHeight } from './layout.ts'
import { readableOn } from './readable-on.ts'

/** All that is drawn. */
export interface GridPicture {
  layout: GridLayout
  looks: readonly CellStyle[]
  /** Places in `looks`, by cell. */
  styles: Uint8Array
  hasSelection: boolean
  isSelected: (cell: number) => boolean
  /** What is written into large cells. */
  textOf: (cell: number) => string
  /** A second line in the largest cells. */
  noteOf: (cell: number) => string
  /** What a heading says, with less where there is little room. */
  headingsOf: (key: string, count: number) => readonly string[]
}

export interface GridPainter {
  /** Draws everything anew. */
  all(picture: GridPicture): void
  /** Draws these cells over what was there. */
  cells(picture: GridPicture, cells: readonly number[]): void
  /** Has the colours read again, after another theme. */
  forget(): void
}

/** From so many small cells on, all are copied pixel by pixel: that takes a third of the time of as many drawings. */
const pixelsFrom = 1_500
/** Those of this side or more have a text. px */
const textFrom = 30
/** And those a second line. px */
export const noteFrom = 48
/** Texts of larger cells are larger. px */
const largeCell = 68

/** Draws on one canvas in device pixels. Each look is drawn once as a tile and copied; small plain cells are filled at once. */
export function createGridPainter(canvas: HTMLCanvasElement): GridPainter {
  const context = canvas.getContext('2d')
  let ratio = 1
  let tiles: { cell: number; ratio: number; of: Map<CellStyle, HTMLCanvasElement> } | undefined
  let colors = new Map<string, string>()
  let image: ImageData | undefined
  const pixels = new WeakMap<HTMLCanvasElement, Uint32Array>()
  let headings: { of: string; layer: HTMLCanvasElement } | undefined

  const color = (name: string): string => {
    const known = colors.get(name)
    if (known !== undefined) return known
    const read = getComputedStyle(canvas).getPropertyValue(name).trim()
    colors.set(name, read)
    return read
  }

  const px = (length: number): number => Math.round(length * ratio)

  function tileOf(look: CellStyle, cell: number): HTMLCanvasElement {
    if (tiles?.cell !== cell || tiles.ratio !== ratio) tiles = { cell, ratio, of: new Map() }
    const made = tiles.of.get(look) ?? drawTile(look, px(cell), ratio, color)
    tiles.of.set(look, made)
    return made
  }

  /** All cells of one look: its colour is set once, its tile found once. */
  function drawLook(picture: GridPicture, style: number, cells: Iterable<number>): void {
    const look = picture.looks[style]
    if (!context || !look) return
    const { x, y, cell: cssSide } = picture.layout
    const side = px(cssSide)
    const isPlain = look.pattern === 'solid' && !look.isFaulty && cssSide < roundFrom
    const tile = isPlain ? undefined : tileOf(look, cssSide)
    context.fillStyle = color(look.color)
    for (const cell of cells) {
      const left = px(x[cell] ?? 0)
      const top = px(y[cell] ?? 0)
      if (tile) context.drawImage(tile, left, top)
      else context.fillRect(left, top, side, side)
    }
    if (cssSide >= textFrom) for (const cell of cells) writeInto(picture, cell, look)
    if (picture.hasSelection)
      for (const cell of cells) if (picture.isSelected(cell)) ring(px(x[cell] ?? 0), px(y[cell] ?? 0), side)
  }

  /** Copies every tile into one image. */
  function copyAll({ layout, looks, styles }: GridPicture): void {
    if (!context) return
    const { width, height } = context.canvas
    if (image?.width !== width || image.height !== height) image = context.createImageData(width, height)
    const out = new Uint32Array(image.data.buffer)
    out.fill(0)
    const side = px(layout.cell)
    const tilesOf = looks.map((look) => pixelsOf(look, layout.cell))
    for (let cell = 0; cell < styles.length; cell += 1) {
      const tile = tilesOf[styles[cell] ?? 0]
      if (!tile) continue
      let from = 0
      let to = px(layout.y[cell] ?? 0) * width + px(layout.x[cell] ?? 0)
      for (let row = 0; row < side; row += 1) {
        for (let column = 0; column < side; column += 1) out[to + column] = tile[from + column] ?? 0
        from += side
        to += width
      }
    }
    context.putImageData(image, 0, 0)
  }

  function pixelsOf(look: CellStyle, cell: number): Uint32Array {
    const tile = tileOf(look, cell)
    const known = pixels.get(tile)
    const side = tile.width
    const read =
      known ??
      new Uint32Array(
        tile.getContext('2d')?.getImageData(0, 0, side, side).data.buffer ?? new ArrayBuffer(side * side * 4),
      )
    pixels.set(tile, read)
    return read
  }

  function drawAll(picture: GridPicture, cells: Iterable<number>): void {
    const byStyle = picture.looks.map((): number[] => [])
    for (const cell of cells) byStyle[picture.styles[cell] ?? 0]?.push(cell)
    for (const [style, own] of byStyle.entries()) if (own.length > 0) drawLook(picture, style, own)
  }

  function writeInto(picture: GridPicture, cell: number, look: CellStyle): void {
    if (!context) return
    const ink = readableOn(color(look.color))
    if (look.pattern !== 'level') {
      writeLines(picture, cell, look.pattern === 'solid' ? ink : color('--text'), look.pattern !== 'solid')
      return
    }
    const { x, y, cell: cssSide } = picture.layout
    const level = look.level ?? 0.5
    const emptyInk = readableOn(color('--state-idle'))
    // Half-full: a text alone stands in the larger part, and lines on both have the ink for where they are.
    if (cssSide < noteFrom) {
      const middle = level < 0.5 ? (1 - level) / 2 : 1 - level / 2
      writeLines(picture, cell, level < 0.5 ? emptyInk : ink, false, middle)
      return
    }
    const side = px(cssSide)
    const left = px(x[cell] ?? 0)
    const top = px(y[cell] ?? 0)
    const empty = side - Math.round(side * level)
    writeWithin(picture, cell, { left, top, width: side, height: empty }, emptyInk)
    writeWithin(picture, cell, { left, top: top + empty, width: side, height: side - empty }, ink)
  }

  function writeWithin(
    picture: GridPicture,
    cell: number,
    { left, top, width, height }: { left: number; top: number; width: number; height: number },
    ink: string,
  ): void {
    if (!context) return
    context.save()
    context.beginPath()
    context.rect(left, top, width, height)
    context.clip()
    writeLines(picture, cell, ink, false)
    context.restore()
  }

  /** @param middle of the texts, as a share of the cell's height */
  function writeLines(picture: GridPicture, cell: number, ink: string, hasHalo: boolean, middle = 0.5): void {
    if (!context) return
    const { layout } = picture
    // On a wall, from afar, texts grow with their cells.
    const scale = Math.max(1, layout.cell / largeCell)
    context.font = `600 ${px(11.5 * scale)}px ${color('--font')}`
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.fillStyle = ink
    const x = px((layout.x[cell] ?? 0) + layout.cell / 2)
    const y = (layout.y[cell] ?? 0) + layout.cell * middle
    const note = layout.cell >= noteFrom ? picture.noteOf(cell) : ''
    writeLine(picture.textOf(cell), x, px(note === '' ? y : y - 7 * scale), hasHalo)
    if (note === '') return
    context.font = `${px(10 * scale)}px ${color('--font')}`
    writeLine(note, x, px(y + 8 * scale), hasHalo)
  }

  /** With a halo it is read on any pattern. */
  function writeLine(text: string, x: number, y: number, hasHalo: boolean): void {
    if (!context) return
    if (hasHalo) {
      context.lineWidth = px(3)
      context.lineJoin = 'round'
      context.strokeStyle = color('--bg-raised')
      context.strokeText(text, x, y)
    }
    context.fillText(text, x, y)
  }

  function ring(x: number, y: number, side: number): void {
    if (!context) return
    const line = Math.max(1, Math.min(px(2), Math.floor(side / 4)))
    context.lineWidth = line
    context.strokeStyle = color('--text')
    context.strokeRect(x + line / 2, y + line / 2, side - line, side - line)
  }

  /** Texts are slow: they are kept as a picture of their own until one of them changes. */
  function drawHeadings(picture: GridPicture): void {
    const { layout, headingsOf } = picture
    if (!context || layout.groups.every(({ first }) => layout.y[first] === 0)) return
    const places = layout.groups.map(({ key, count, x, y }) => `${key} ${count} ${x} ${y}`)
    const wanted = `${context.canvas.width} ${context.canvas.height} ${ratio} ${places.join('|')}`
    if (headings?.of !== wanted) {
      const layer = document.createElement('canvas')
      layer.width = context.canvas.width
      layer.height = context.canvas.height
      const pen = layer.getContext('2d')
      if (!pen) return
      pen.font = `600 ${px(11.5)}px ${color('--font')}`
      pen.fillStyle = color('--text-soft')
      for (const { key, count, x, y, width } of layout.groups) {
        pen.fillText(fitText(pen, headingsOf(key, count), px(width)), px(x), px(y + headingHeight - 6))
      }
      headings = { of: wanted, layer }
    }
    context.drawImage(headings.layer, 0, 0)
  }

  return {
    all(picture) {
      if (!context) return
      ratio = devicePixelRatio || 1
      const width = px(picture.layout.width)
      const height = Math.max(1, px(picture.layout.height))
      const isOther = canvas.width !== width || canvas.height !== height
      if (isOther) {
        canvas.width = width
        canvas.height = height
      }
      const { layout, styles, hasSelection } = picture
      if (styles.length >= pixelsFrom && layout.cell < textFrom && !hasSelection) copyAll(picture)
      else {
        if (!isOther) context.clearRect(0, 0, width, height)
        drawAll(picture, styles.keys())
      }
      drawHeadings(picture)
    },
    cells(picture, cells) {
      if (!context) return
      const side = px(picture.layout.cell)
      for (const cell of cells)
        context.clearRect(px(picture.layout.x[cell] ?? 0), px(picture.layout.y[cell] ?? 0), side, side)
      drawAll(picture, cells)
    },
    forget() {
      colors = new Map()
      tiles = undefined
      headings = undefined
    },
  }
}

/** The first text that fits; else the last one, cut. */
function fitText(context: CanvasRenderingContext2D, texts: readonly string[], width: number): string {
  const fits = (text: string) => context.measureText(text).width <= width
  const whole = texts.find(fits)
  if (whole !== undefined) return whole
  const text = texts.at(-1) ?? ''
  let length = text.length - 1
  while (length > 1 && !fits(`${text.slice(0, length)}…`)) length -= 1
  return `${text.slice(0, length)}…`
}
