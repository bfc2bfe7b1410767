/** Where a text is along an axis. */
export interface Extent {
  left: number
  right: number
}

/**
 * Rows for texts of which some would be written over each other: each in the first row that has room.
 * @param rows that there are; what has no room in any is left out
 * @returns the row of each, -1 for what is left out
 */
export function labelRows(extents: readonly Extent[], rows: number): number[] {
  const taken: Extent[][] = Array.from({ length: rows }, () => [])
  return extents.map((extent) => {
    const row = taken.findIndex((others) =>
      others.every(({ left, right }) => extent.right < left || extent.left > right),
    )
    taken[row]?.push(extent)
    return row
  })
}
