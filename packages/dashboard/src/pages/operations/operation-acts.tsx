import type { OperationJson } from '@navarch/api/rest'
import { routePath } from '@navarch/api/routes'
import { useQueryClient } from '@tanstack/react-query'
import { refresh } from '../../api/queries.ts'
import { sendJson } from '../../api/request.ts'
import { useMay } from '../../app/session.ts'
import { ActButton, type ActForm } from '../../components/dialog.tsx'
import { actsOf, nameOfOperation, type OperationAct } from './operation-words.ts'

interface ActWords extends Pick<ActForm, 'ask' | 'isDangerous'> {
  label: string
  route: 'operationApprove' | 'operationReject' | 'operationCancel' | 'operationRetry'
  consequence: string
}

const acts: Record<OperationAct, ActWords> = {
  approve: {
    label: 'Approve',
    route: 'operationApprove',
    consequence: 'It begins at once, and waits for running jobs: none is ended.',
  },
  reject: {
    label: 'Reject',
    route: 'operationReject',
    consequence: 'Nothing is done. It is not proposed again for the same cause for a while.',
    ask: 'Why',
    isDangerous: true,
  },
  retry: { label: 'Retry', route: 'operationRetry', consequence: 'It goes on at the step that failed.' },
  cancel: {
    label: 'Cancel',
    route: 'operationCancel',
    consequence: 'It stops at the next safe point; what was begun with machines is taken back.',
    isDangerous: true,
  },
}

/** What may be done with an operation as it is now. */
export function OperationActs({ operation }: { operation: OperationJson }) {
  const may = useMay('operator')
  const client = useQueryClient()
  if (!may) return null
  return actsOf(operation.state).map((name) => {
    const { label, route, ...words } = acts[name]
    const act = async (reason: string) => {
      await sendJson('POST', routePath(route, { id: operation.id }), words.ask === undefined ? {} : { reason })
      refresh(client, 'live')
    }
    const form = { title: `${label} the ${nameOfOperation(operation)}`, submit: `${label} it`, act, ...words }
    return <ActButton key={name} label={label} form={form} />
  })
}
