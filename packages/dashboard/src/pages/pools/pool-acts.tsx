import type { PoolJson } from '@navarch/api/rest'
import { routePath } from '@navarch/api/routes'
import { useQueryClient } from '@tanstack/react-query'
import { refresh } from '../../api/queries.ts'
import { sendJson } from '../../api/request.ts'
import { ActButton } from '../../components/dialog.tsx'

/** Sets a pool's size by hand, or gives it back to its autoscaler. */
export function PoolActs({ pool: { name, size, manual_size: manual, autoscaler } }: { pool: PoolJson }) {
  const client = useQueryClient()
  const scale = async (nodes: number | null) => {
    await sendJson('POST', routePath('poolScale', { name }), { nodes })
    refresh(client, 'live')
  }
  return (
    <>
      <ActButton
        label="Set size"
        form={{
          title: `Size of ${name}`,
          consequence: `It keeps this size until it is set back to automatic. Nodes are given up only when they are idle. Allowed: ${size.min} to ${size.max}.`,
          ask: `Nodes, ${size.min} to ${size.max}; now ${size.wanted}`,
          submit: 'Set size',
          act: (text) => scale(countOf(text, size.min, size.max)),
        }}
      />
      {manual !== null && (
        <ActButton
          label="Back to automatic"
          form={{
            title: `${name} back to automatic`,
            consequence: `Its autoscaler “${autoscaler}” decides again, from now on.`,
            submit: 'Back to automatic',
            act: () => scale(null),
          }}
        />
      )}
    </>
  )
}

/** @throws Error that says what may be written */
function countOf(text: string, min: number, max: number): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= min && count <= max) return count
  throw new Error(`${text} is no whole number from ${min} to ${max}`)
}
