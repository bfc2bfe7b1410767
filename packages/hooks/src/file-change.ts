/** A file as it is or shall be. */
export interface FileContent {
  text: string
  /** Permission bits, e.g. 0o755. */
  mode: number
  uid: number
  gid: number
}

/** What becomes of one file; undefined is no file. */
export interface FileChange {
  path: string
  before: FileContent | undefined
  after: FileContent | undefined
}

/** Whether two files are the same in all that we set. */
export function sameContent(a: FileContent | undefined, b: FileContent | undefined): boolean {
  return a === b || (!!a && !!b && a.text === b.text && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid)
}

/** A run of lines in which two texts differ, by 0-based line. */
export interface Hunk {
  /** First line in the old text, and in the new one. */
  from: number
  to: number
  removed: readonly string[]
  added: readonly string[]
}

/** Where two texts differ, line by line, by their longest common subsequence. */
export function diffLines(before: string, after: string): Hunk[] {
  const [a, b] = [before.split('\n'), after.split('\n')]
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  return hunksOf(a.slice(head, a.length - tail), b.slice(head, b.length - tail), head)
}

function hunksOf(a: readonly string[], b: readonly string[], offset: number): Hunk[] {
  const width = b.length + 1
  const common = new Uint32Array((a.length + 1) * width)
  const at = (row: number, column: number) => common[row * width + column] ?? 0
  for (let row = a.length - 1; row >= 0; row--)
    for (let column = b.length - 1; column >= 0; column--)
      common[row * width + column] =
        a[row] === b[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1))
  const hunks: Hunk[] = []
  let [row, column] = [0, 0]
  while (row < a.length || column < b.length) {
    if (row < a.length && column < b.length && a[row] === b[column]) {
      row++
      column++
      continue
    }
    const [fromRow, fromColumn] = [row, column]
    while ((row < a.length || column < b.length) && !(row < a.length && column < b.length && a[row] === b[column])) {
      if (row < a.length && (column >= b.length || at(row + 1, column) >= at(row, column + 1))) row++
      else column++
    }
    const [removed, added] = [a.slice(fromRow, row), b.slice(fromColumn, column)]
    hunks.push({ from: offset + fromRow, to: offset + fromColumn, removed, added })
  }
  return hunks
}

/**
 * Takes a change of a text back in a text that has been changed elsewhere since.
 * @returns the text without the change, or the first line of it that is not there any more
 */
export function takeBack(before: string, after: string, current: string): { text: string } | { missing: string } {
  const lines = current.split('\n')
  for (const { removed, added } of diffLines(before, after).reverse()) {
    const places = [...lines.keys()].filter((at) => added.every((line, index) => lines[at + index] === line))
    const [place, another] = places
    if (added.length === 0 || place === undefined || another !== undefined)
      return { missing: added[0] ?? removed[0] ?? '' }
    lines.splice(place, added.length, ...removed)
  }
  return { text: lines.join('\n') }
}

/** Changes for people: changed lines of files that exist, one line for a file that is made or goes. */
export function renderChanges(changes: readonly FileChange[]): string {
  return changes.map(renderChange).join('')
}

function renderChange({ path, before, after }: FileChange): string {
  if (!before && after) return `create ${path} (mode ${octal(after)}, ${after.text.split('\n').length - 1} lines)\n`
  if (before && !after) return `delete ${path}\n`
  if (!before || !after) return ''
  if (before.text === after.text) return `change ${path} (mode ${octal(before)} to ${octal(after)})\n`
  const hunks = diffLines(before.text, after.text).map(
    ({ from, removed, added }) =>
      `@@ line ${from + 1} @@\n${removed.map((line) => `-${line}\n`).join('')}${added.map((line) => `+${line}\n`).join('')}`,
  )
  return `--- ${path}\n+++ ${path}\n${hunks.join('')}`
}

function octal({ mode }: FileContent): string {
  return mode.toString(8).padStart(4, '0')
}
