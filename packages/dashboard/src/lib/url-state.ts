import { useNavigate, useSearch } from '@tanstack/react-router'

/**
 * The page's state as it stands in its URL.
 * @returns the values, and a setter: undefined and "" take a key out; the change replaces the last entry of the history
 */
export function useUrlState(): [Record<string, string>, (change: Record<string, string | undefined>) => void] {
  const search: Record<string, string> = useSearch({ strict: false })
  const navigate = useNavigate()
  const set = (change: Record<string, string | undefined>) => {
    const next = Object.entries({ ...search, ...change }).filter(([, value]) => value !== undefined && value !== '')
    void navigate({ to: '.', search: Object.fromEntries(next), replace: true })
  }
  return [search, set]
}
