import { routePath } from '@navarch/api/routes'
import { useQueryClient } from '@tanstack/react-query'
import { refresh } from '../../api/queries.ts'
import { sendJson } from '../../api/request.ts'
import { ActButton, type ActForm } from '../../components/dialog.tsx'
import { plural } from '../../lib/format.ts'

const acts = {
  drain: {
    label: 'Drain',
    route: 'nodeDrain',
    consequence: 'No new job starts there; running jobs go on to their end.',
  },
  cordon: {
    label: 'Cordon',
    route: 'nodeCordon',
    consequence: 'No new job starts there, and Navarch lets the machine be.',
  },
  return: {
    label: 'Return',
    route: 'nodeUncordon',
    consequence: 'Takes jobs again. A drain in Slurm that a person set stays theirs.',
  },
} as const
type ActName = keyof typeof acts

/** Nodes beyond which an act must be typed. */
const typedFrom = 5
/** Requests at once. */
const lanes = 6

/** Drain, cordon and return, for one node or many. */
export function NodeActs({ ids, onDone }: { ids: readonly string[]; onDone?: () => void }) {
  const client = useQueryClient()
  const formOf = (name: ActName): ActForm => {
    const { label, consequence, route } = acts[name]
    const what = ids.length === 1 ? (ids[0] ?? '') : plural(ids.length, 'node')
    return {
      title: `${label} ${what}`,
      consequence: (
        <>
          {consequence}
          {ids.length > 1 && <span className="act-nodes">{listOf(ids)}</span>}
        </>
      ),
      ...(name === 'return' ? {} : { ask: 'Reason' }),
      ...(ids.length > typedFrom ? { typeToConfirm: `${label.toLowerCase()} ${ids.length}` } : {}),
      submit: `${label} ${what}`,
      isDangerous: name !== 'return',
      act: async (reason) => {
        await actOnAll(ids, (id) => sendJson('POST', routePath(route, { id }), name === 'return' ? {} : { reason }))
        refresh(client, 'live')
        onDone?.()
      },
    }
  }
  return (
    <>
      {(Object.keys(acts) as ActName[]).map((name) => (
        <ActButton
          key={name}
          label={acts[name].label}
          form={formOf(name)}
          disabled={ids.length === 0 ? 'no node is selected' : ''}
        />
      ))}
    </>
  )
}

/**
 * A few at a time; a failure stops none of the others.
 * @throws Error that names what failed
 */
async function actOnAll(ids: readonly string[], act: (id: string) => Promise<unknown>): Promise<void> {
  const queue = [...ids]
  const failures: string[] = []
  const lane = async () => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      const at = id
      await act(at).catch((error: unknown) => {
        failures.push(ids.length === 1 ? message(error) : `${at}: ${message(error)}`)
      })
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, ids.length) }, lane))
  if (failures.length === 0) return
  const head = ids.length > 1 ? `${failures.length} of ${ids.length} failed; the others are done. ` : ''
  throw new Error(`${head}${failures.slice(0, 3).join('; ')}${failures.length > 3 ? '; …' : ''}`)
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function listOf(ids: readonly string[]): string {
  return ids.length <= 12 ? ids.join(', ') : `${ids.slice(0, 12).join(', ')} and ${ids.length - 12} more`
}
