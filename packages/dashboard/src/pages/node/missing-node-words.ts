import type { OperationJson } from '@navarch/api/rest'
import { isOverOperation, nameOfOperationState } from '../operations/operation-words.ts'

/** What is known of a node that is not there. */
export interface MissingNode {
  kind: 'proposed' | 'coming' | 'gone' | 'unknown'
  text: string
  /** The operation that tells most of it. */
  operation: OperationJson | undefined
}

/** Says whether a node is yet to come, is gone, or never was, by the operations on its name. */
export function missingNodeOf(id: string, operations: readonly OperationJson[]): MissingNode {
  const newest = [...operations].sort((one, other) => other.created_at.localeCompare(one.created_at))
  const open = newest.find(({ state }) => !isOverOperation(state))
  if (open?.state === 'waiting_for_approval' && open.kind === 'provision') {
    return { kind: 'proposed', text: `There is no node ${id} yet: ${open.id} proposes it.`, operation: open }
  }
  if (open) {
    return { kind: 'coming', text: `There is no node ${id} yet: ${open.id} is at it (${open.kind}).`, operation: open }
  }
  const [last] = newest
  if (last === undefined) {
    const text = `There is no node ${id}, and Navarch has done nothing with one of that name.`
    return { kind: 'unknown', text, operation: undefined }
  }
  // A machine that never came leaves no node that could be gone.
  const wasHere = newest.some(({ kind, state }) => kind !== 'provision' || state === 'succeeded')
  const how = `the last operation, ${last.id} (${last.kind}), ${endings[last.state] ?? nameOfOperationState(last.state)}`
  return {
    kind: wasHere ? 'gone' : 'unknown',
    text: wasHere ? `${id} is gone: ${how}.` : `There is no node ${id}: ${how}.`,
    operation: last,
  }
}

const endings: Partial<Record<OperationJson['state'], string>> = { cancelled: 'was cancelled' }
