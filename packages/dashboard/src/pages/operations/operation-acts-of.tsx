import type { OperationJson } from '@navarch/api/rest'
import { routePath } from '@navarch/api/routes'
import { useApi } from '../../api/queries.ts'
import { OperationActs } from './operation-acts.tsx'

/** What may be done with an operation that is named elsewhere; it is asked for by itself, since its state tells what that is. */
export function OperationActsOf({ id }: { id: string }) {
  const { data } = useApi<OperationJson>(routePath('operation', { id }), { topics: ['live'] })
  return data && <OperationActs operation={data} />
}
