/**
 * A line in the size of a word. Gaps are gaps; a reading alone is a dot.
 * @param values in order of time; null is not known
 * @param max the top of the scale, e.g. 100 for percent
 */
export function Sparkline({
  values,
  max,
  label,
  width = 96,
  height = 20,
}: {
  values: readonly (number | null)[]
  max: number
  label: string
  width?: number
  height?: number
}) {
  return (
    <svg
      className="sparkline"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <path d={sparkPath(values, max, width, height)} />
    </svg>
  )
}

/** The path of a line through what is known, broken where nothing is. A point alone is a line of no length: its round ends are seen. */
export function sparkPath(values: readonly (number | null)[], max: number, width: number, height: number): string {
  const step = values.length > 1 ? width / (values.length - 1) : 0
  const isKnown = (index: number) => values[index] !== null && values[index] !== undefined
  const parts: string[] = []
  for (const [index, value] of values.entries()) {
    if (value === null) continue
    const x = Math.round(index * step * 10) / 10
    const share = max > 0 ? Math.max(0, Math.min(1, value / max)) : 0
    const y = Math.round((height - 1 - share * (height - 2)) * 10) / 10
    const isFirst = !isKnown(index - 1)
    parts.push(`${isFirst ? 'M' : 'L'}${x} ${y}${isFirst && !isKnown(index + 1) ? 'h0' : ''}`)
  }
  return parts.join('')
}
