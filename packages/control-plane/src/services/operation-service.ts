import type { Fleet } from '../fleet/fleet.ts'
import type { Engine } from '../operations/engine.ts'
import { renderOperation } from './render.ts'
import { ServiceError } from './service-error.ts'
import type { OperationService } from './services.ts'

/** Operations that are over and still listed with `all`. */
const listed = 1_000

export function createOperationService(fleet: Fleet, engine: Engine): OperationService {
  return {
    async list({ pool, node, all }) {
      const found = all ? await fleet.history.operations(listed) : [...fleet.operations.values()].reverse()
      return found
        .filter((operation) => (pool ?? operation.pool) === operation.pool)
        .filter((operation) => (node ?? operation.node) === operation.node)
        .map(renderOperation)
    },
    async get(id) {
      const operation = fleet.operations.get(id) ?? (await fleet.history.operation(id))
      if (!operation) throw new ServiceError('not_found', `operation not found: ${id}`)
      return renderOperation(operation)
    },
    cancel: async (id) => renderOperation(await engine.cancel(id)),
    retry: async (id) => renderOperation(await engine.retry(id)),
    approve: async (id, by) => renderOperation(await engine.approve(id, by)),
    reject: async (id, by, reason) => renderOperation(await engine.reject(id, by, reason)),
  }
}
