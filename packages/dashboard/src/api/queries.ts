import { type QueryClient, type UseQueryResult, useQuery } from '@tanstack/react-query'
import { getJson, type RequestError } from './request.ts'

/**
 * An answer of the API, read again every `everyMs` and whenever something happens to what `topics` name.
 * @param path with its query
 */
export function useApi<T>(
  path: string,
  {
    everyMs = 15_000,
    topics = [],
    enabled = true,
  }: { everyMs?: number; topics?: readonly string[]; enabled?: boolean } = {},
): UseQueryResult<T, RequestError> {
  return useQuery<T, RequestError>({
    queryKey: [path, ...topics],
    queryFn: ({ signal }) => getJson<T>(path, signal),
    refetchInterval: everyMs,
    enabled,
    // What was there stays while a new answer of the same page is on its way.
    placeholderData: (previous) => previous,
  })
}

/** Has all queries of a topic read again, e.g. after an act of the user. */
export function refresh(client: QueryClient, ...topics: string[]): void {
  void client.invalidateQueries({
    predicate: ({ queryKey }) => topics.some((topic) => queryKey.includes(topic)),
  })
}
