import { formatCount } from '../lib/format.ts'

/** Goes through a long list, the newest first, a page at a time. Nothing where one page holds all. */
export function Pager({
  offset,
  size,
  count,
  total,
  onOffset,
}: {
  /** Of the first that is shown. */
  offset: number
  /** How many a page has. */
  size: number
  /** How many this one has. */
  count: number
  total: number
  onOffset: (offset: number) => void
}) {
  if (total <= size && offset === 0) return null
  return (
    <p className="filters">
      {count === 0 ? 'none' : `${formatCount(offset + 1)} to ${formatCount(offset + count)}`} of {formatCount(total)}
      <button
        type="button"
        className="button"
        disabled={offset === 0}
        onClick={() => onOffset(Math.max(0, Math.min(offset, total) - size))}
      >
        Newer
      </button>
      <button
        type="button"
        className="button"
        disabled={offset + count >= total}
        onClick={() => onOffset(offset + size)}
      >
        Older
      </button>
    </p>
  )
}
