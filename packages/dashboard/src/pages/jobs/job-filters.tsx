import { FilterBar } from '../../components/filter-bar.tsx'
import { FilterInputs } from '../../components/filter-inputs.tsx'

const states = ['', 'running', 'pending', 'completed', 'failed', 'cancelled'] as const
const texts = ['user', 'account', 'partition', 'node'] as const

/** What the URL may choose of the jobs. */
export const filterFields = ['state', ...texts] as const

/** Takes all of them away. */
export const noFilters: Record<string, undefined> = Object.fromEntries(
  [...filterFields, 'offset'].map((field) => [field, undefined]),
)

/** Which jobs are listed; in the URL. */
export function JobFilters({
  url,
  setUrl,
}: {
  url: Record<string, string>
  setUrl: (change: Record<string, string | undefined>) => void
}) {
  return (
    <FilterBar count={filterFields.filter((field) => url[field] !== undefined).length}>
      <label>
        State
        <select
          value={url['state'] ?? ''}
          onChange={(event) => setUrl({ state: event.target.value, offset: undefined })}
        >
          {states.map((state) => (
            <option key={state} value={state}>
              {state === '' ? 'any' : state}
            </option>
          ))}
        </select>
      </label>
      <FilterInputs
        fields={texts}
        values={url}
        onChange={(field, text) => setUrl({ [field]: text, offset: undefined })}
      />
    </FilterBar>
  )
}
