import { paint, type Tone } from './style.ts'

/** One cell: its text, and what colour says of it on a terminal. */
export type Cell = string | { text: string; tone: Tone }

export interface Column<Row> {
  header: string
  cell: (row: Row) => Cell
  /** Numbers line up on the right. */
  right?: boolean
}

export interface TableOptions {
  /** Width of the terminal: the last column is cut to fit. Undefined leaves every cell whole, for pipes. */
  columns?: number | undefined
  colour: boolean
}

const gap = '   '
/** The last column is never cut below this. */
const leastWidth = 12

/** Rows under headers, columns padded to their widest cell; no borders, so that `awk` and `cut` can read it. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], options: TableOptions): string {
  const cells = rows.map((row) => columns.map((column) => normal(column.cell(row))))
  const widths = columns.map(({ header }, index) =>
    cells.reduce((widest, row) => Math.max(widest, row[index]?.text.length ?? 0), header.length),
  )
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + gap.length, 0)
  const room = options.columns === undefined ? undefined : Math.max(leastWidth, options.columns - before)
  const line = (row: readonly { text: string; tone?: Tone }[]) =>
    row
      .map(({ text, tone }, index) => {
        const last = index === row.length - 1
        const shown = last ? cut(text, room) : text
        const padding = ' '.repeat(
          last && !columns[index]?.right ? 0 : Math.max(0, (widths[index] ?? 0) - shown.length),
        )
        const painted = paint(shown, tone, options.colour)
        return columns[index]?.right ? padding + painted : painted + padding
      })
      .join(gap)
      .trimEnd()
  const header = columns.map((column) => ({ text: column.header }))
  return `${[header, ...cells].map(line).join('\n')}\n`
}

/** Labels and values, one pair a line. */
export function renderFields(
  fields: readonly (readonly [label: string, value: Cell])[],
  options: TableOptions,
): string {
  const width = fields.reduce((widest, [label]) => Math.max(widest, label.length), 0) + 1
  return fields
    .map(([label, value]) => {
      const { text, tone } = normal(value)
      return `${`${label}:`.padEnd(width)}  ${paint(text, tone, options.colour)}`.trimEnd().concat('\n')
    })
    .join('')
}

function normal(cell: Cell): { text: string; tone?: Tone } {
  return typeof cell === 'string' ? { text: printable(cell) } : { ...cell, text: printable(cell.text) }
}

/** Text from logs and users, on one line and without sequences that would steer the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\r\n\t]+/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}

function cut(text: string, room: number | undefined): string {
  return room === undefined || text.length <= room ? text : `${text.slice(0, room - 1)}…`
}
