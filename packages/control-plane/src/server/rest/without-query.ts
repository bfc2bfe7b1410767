import type { Context } from 'hono'
import { parseQuery } from './parse-request.ts'
import type { RestEnv } from './rest-env.ts'
import { noKeys } from './schemas.ts'

/**
 * A request whose route takes no query.
 * @throws ServiceError `invalid` where it has one
 */
export function withoutQuery<C extends Context<RestEnv>>(context: C): C {
  parseQuery(context, noKeys)
  return context
}
