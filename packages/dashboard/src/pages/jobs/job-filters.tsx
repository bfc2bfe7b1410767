import { FilterBar } from '../../components/filter-bar.tsx'

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
      {texts.map((field, index) => (
        <input
          key={field}
          aria-label={field}
          placeholder={field}
          value={url[field] ?? ''}
          {...(index === 0 ? { 'data-filter': '' } : {})}
          onChange={(event) => setUrl({ [field]: event.target.value, offset: undefined })}
        />
      ))}
    </FilterBar>
  )
}
