import { Empty } from './feedback.tsx'

/** A list that is empty because of its filter: says so, and takes the filter away. @param what e.g. "job" */
export function NoFit({ what, onClear }: { what: string; onClear: () => void }) {
  return (
    <Empty title={`No ${what} fits the filter.`}>
      <button type="button" className="button" onClick={onClear}>
        Clear the filter
      </button>
    </Empty>
  )
}
