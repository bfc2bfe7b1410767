import type { Column } from './table.tsx'

type Track = Pick<Column<never>, 'width' | 'isExtra' | 'isText' | 'isBelow'>

/** The grid tracks of a list: with all its room, beside a panel, and on a phone. Sentences have a line of their own where it is narrow. */
export function tracksOf(
  columns: readonly Track[],
): Record<'--columns' | '--columns-narrow' | '--columns-phone', string> {
  const inLine = columns.filter(({ isBelow }) => !isBelow)
  const narrow = inLine.filter(({ isExtra, isText }) => isExtra !== true && !isText)
  const phone = narrow.filter(({ isExtra }) => !isExtra)
  const widths = (some: readonly Track[]) => some.map(({ width }) => width).join(' ')
  return { '--columns': widths(inLine), '--columns-narrow': widths(narrow), '--columns-phone': widths(phone) }
}
