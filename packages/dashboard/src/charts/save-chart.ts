import type { ChartSpec } from './chart-spec.ts'

/** Of the text above a saved picture, CSS px. */
const lineHeight = 18

/** Has the browser keep a text as a file. */
export function saveText(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }))
  save(url, name)
  URL.revokeObjectURL(url)
}

/** Has the browser keep a chart as a picture that is read alone: on the page's ground, with its title and what its lines are. */
export function savePicture(title: string, { lines }: Pick<ChartSpec, 'lines'>, plot: HTMLCanvasElement): void {
  const css = getComputedStyle(plot)
  const color = (name: string) => css.getPropertyValue(name).trim()
  const ratio = devicePixelRatio || 1
  const margin = 8 * ratio
  const picture = document.createElement('canvas')
  const context = picture.getContext('2d')
  if (!context) return
  const font = (weight: number) => `${weight} ${12 * ratio}px ${color('--font')}`
  context.font = font(400)
  const rows = keyRows(
    lines.map(({ label }) => context.measureText(label).width + 30 * ratio),
    plot.width,
  )
  const head = margin + (1 + rows.length) * lineHeight * ratio
  picture.width = plot.width + margin * 2
  picture.height = plot.height + head + margin
  context.fillStyle = color('--bg-raised')
  context.fillRect(0, 0, picture.width, picture.height)
  context.textBaseline = 'middle'
  context.fillStyle = color('--text')
  context.font = font(600)
  context.fillText(title, margin, margin + (lineHeight / 2) * ratio)
  context.font = font(400)
  for (const [row, keys] of rows.entries()) {
    const y = margin + (row + 1.5) * lineHeight * ratio
    for (const { index, x } of keys) {
      const line = lines[index]
      if (!line) continue
      context.fillStyle = color(line.color)
      context.fillRect(margin + x, y - 5 * ratio, 10 * ratio, 10 * ratio)
      context.fillStyle = color('--text')
      context.fillText(line.label, margin + x + 15 * ratio, y)
    }
  }
  context.drawImage(plot, margin, head)
  save(picture.toDataURL('image/png'), `${title}.png`)
}

/**
 * Keys side by side, as many to a row as fit.
 * @param widths of each key
 * @returns of each row its keys with their places
 */
export function keyRows(widths: readonly number[], width: number): { index: number; x: number }[][] {
  const rows: { index: number; x: number }[][] = []
  let x = 0
  for (const [index, own] of widths.entries()) {
    if (index === 0 || x + own > width) {
      rows.push([])
      x = 0
    }
    rows.at(-1)?.push({ index, x })
    x += own
  }
  return rows
}

function save(url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}
