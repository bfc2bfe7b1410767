import type { Context } from 'hono'
import { ServiceError } from '../../services/service-error.ts'
import type { RestEnv } from './rest-env.ts'
import { eventNumber } from './schemas.ts'

/**
 * Where a client of server-sent events left off; undefined where it begins.
 * @param what the ids of this stream are, e.g. "the number of an event"
 * @throws ServiceError `invalid` where it is no such id
 */
export function lastEventId(context: Context<RestEnv>, what: string): number | undefined {
  const header = context.req.header('last-event-id')
  if (header === undefined || header === '') return undefined
  const parsed = eventNumber.safeParse(header)
  if (!parsed.success) {
    const value = JSON.stringify(header.slice(0, 80))
    throw new ServiceError('invalid', `Last-Event-ID is not ${what}: ${value}; leave it out to begin anew`)
  }
  return parsed.data
}
