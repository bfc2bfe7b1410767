import { describe, expect, it } from 'vitest'
import { type Column, printable, renderFields, renderTable } from './table.ts'

interface Row {
  name: string
  count: number
  note: string
}

const columns: Column<Row>[] = [
  { header: 'NAME', cell: (row) => row.name },
  { header: 'COUNT', cell: (row) => String(row.count), right: true },
  { header: 'NOTE', cell: (row) => ({ text: row.note, tone: 'bad' }) },
]
const rows: Row[] = [
  { name: 'a', count: 5, note: 'fell off the bus' },
  { name: 'longer-name', count: 12_345, note: '-' },
]

describe('a table', () => {
  it('lines its columns up, numbers on the right, without trailing spaces', () => {
    expect(renderTable(columns, rows, { colour: false })).toBe(
      ['NAME          COUNT   NOTE', 'a                 5   fell off the bus', 'longer-name   12345   -', ''].join(
        '\n',
      ),
    )
  })

  it('cuts the last column to the terminal and leaves it whole elsewhere', () => {
    expect(renderTable(columns, rows, { colour: false, columns: 35 }).split('\n')[1]).toBe(
      'a                 5   fell off the…',
    )
    expect(renderTable(columns, rows, { colour: false })).toContain('fell off the bus')
  })

  it('colours text after it has measured it', () => {
    const [, line] = renderTable(columns, rows, { colour: true }).split('\n')
    expect(line).toBe('a                 5   \u001b[31mfell off the bus\u001b[39m')
  })

  it('lets no log line steer the terminal or break the row', () => {
    expect(printable('a\u001b[2Jb\r\nc\u202ed\u0000')).toBe('a\ufffd[2Jb c\ufffdd\ufffd')
    const hostile = renderTable(columns, [{ name: 'x', count: 0, note: 'one\ntwo\u001b]0;t\u0007' }], { colour: false })
    expect(hostile.trimEnd().split('\n')).toHaveLength(2)
    expect(hostile).not.toContain('\u001b')
  })
})

describe('labelled values', () => {
  it('start in one column', () => {
    expect(
      renderFields(
        [
          ['Node', 'a'],
          ['Instance type', 'b'],
        ],
        { colour: false },
      ),
    ).toBe('Node:           a\nInstance type:  b\n')
  })
})
