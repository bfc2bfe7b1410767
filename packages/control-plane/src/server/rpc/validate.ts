import type { RegisterNodeRequest } from '@navarch/api/control-plane'
import { isName, nameRule } from '@navarch/core/names'
import { ServiceError } from '../../services/service-error.ts'

/** @throws ServiceError `invalid`, "FIELD is required", when a request's field is empty */
export function requireField(value: string, field: string): string {
  if (value === '') throw new ServiceError('invalid', `${field} is required`)
  return value
}

/** @throws ServiceError `invalid` when the node cannot have this name, or belong to a pool of that name */
export function checkRegistration(request: RegisterNodeRequest): void {
  checkName(requireField(request.nodeId, 'node_id'), 'node_id')
  if (request.pool !== '') checkName(request.pool, 'pool')
}

function checkName(value: string, field: string): void {
  if (isName(value)) return
  throw new ServiceError('invalid', `${field} is ${JSON.stringify(value.slice(0, 80))}: it may have ${nameRule}`)
}
