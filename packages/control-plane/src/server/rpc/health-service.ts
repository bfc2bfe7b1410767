import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect'
import {
  type Health,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from '@navarch/api/grpc-health'
import type { Clock } from '@navarch/system/clock'
import type { Services } from '../../services/services.ts'

/** How often a watched status is looked at, ms. */
const watchEveryMs = 1000

/**
 * grpc.health.v1: SERVING when `/readyz` is ready, for the server as a whole ("") and for each of its services.
 * @param serviceNames full names of the services that are served
 */
export function healthService(
  services: Services,
  serviceNames: ReadonlySet<string>,
  clock: Clock,
): ServiceImpl<typeof Health> {
  const statusOf = (service: string): HealthCheckResponse_ServingStatus => {
    if (service !== '' && !serviceNames.has(service)) return HealthCheckResponse_ServingStatus.SERVICE_UNKNOWN
    return services.notReady() === undefined
      ? HealthCheckResponse_ServingStatus.SERVING
      : HealthCheckResponse_ServingStatus.NOT_SERVING
  }
  return {
    check({ service }): HealthCheckResponse {
      const status = statusOf(service)
      if (status === HealthCheckResponse_ServingStatus.SERVICE_UNKNOWN) {
        throw new ConnectError(`service not found: ${service}`, Code.NotFound)
      }
      return create(HealthCheckResponseSchema, { status })
    },
    async *watch({ service }, { signal }) {
      let last: HealthCheckResponse_ServingStatus | undefined
      while (!signal.aborted) {
        const status = statusOf(service)
        if (status !== last) yield create(HealthCheckResponseSchema, { status })
        last = status
        await clock.sleep(watchEveryMs, signal).catch(() => {})
      }
    },
  }
}
