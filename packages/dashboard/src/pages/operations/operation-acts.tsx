import type { OperationJson } from '@navarch/api/rest'
import { routePath } from '@navarch/api/routes'
import { useQueryClient } from '@tanstack/react-query'
import { refresh } from '../../api/queries.ts'
import { sendJson } from '../../api/request.ts'
import { useMay } from '../../app/session.ts'
import { ActButton } from '../../components/dialog.tsx'
import { isOverOperation } from './operation-words.ts'

/** What may be done with an operation as it is now. */
export function OperationActs({ operation }: { operation: OperationJson }) {
  const may = useMay('operator')
  const client = useQueryClient()
  if (!may) return null
  const { id, kind, node, state } = operation
  const send = async (
    route: 'operationApprove' | 'operationReject' | 'operationCancel' | 'operationRetry',
    body = {},
  ) => {
    await sendJson('POST', routePath(route, { id }), body)
    refresh(client, 'live')
  }
  if (state === 'waiting_for_approval') {
    return (
      <>
        <ActButton
          label="Approve"
          form={{
            title: `Approve the ${kind} of ${node}`,
            consequence: 'It begins at once, and waits for running jobs: none is ended.',
            submit: 'Approve',
            act: () => send('operationApprove'),
          }}
        />
        <ActButton
          label="Reject"
          form={{
            title: `Reject the ${kind} of ${node}`,
            consequence: 'Nothing is done. It is not proposed again for the same cause for a while.',
            ask: 'Why',
            submit: 'Reject',
            isDangerous: true,
            act: (reason) => send('operationReject', { reason }),
          }}
        />
      </>
    )
  }
  if (state === 'failed') {
    return (
      <ActButton
        label="Retry"
        form={{
          title: `Retry the ${kind} of ${node}`,
          consequence: 'It goes on at the step that failed.',
          submit: 'Retry',
          act: () => send('operationRetry'),
        }}
      />
    )
  }
  if (isOverOperation(state)) return null
  return (
    <ActButton
      label="Cancel"
      form={{
        title: `Cancel the ${kind} of ${node}`,
        consequence: 'It stops at the next safe point; what was begun with machines is taken back.',
        submit: 'Cancel it',
        isDangerous: true,
        act: () => send('operationCancel'),
      }}
    />
  )
}
