import { type NewApiTokenJson, tokenRoutes } from '@navarch/api/auth'
import { anyRoles } from '@navarch/core/access/role'
import { nameRule } from '@navarch/core/names'
import { Hono } from 'hono'
import { z } from 'zod'
import { ServiceError } from '../../services/service-error.ts'
import type { Login } from '../auth/login.ts'
import { renderOpenSession, renderToken } from '../auth/session-json.ts'
import { parseBody, parseQuery } from './parse-request.ts'
import type { RestEnv } from './rest-env.ts'
import { noKeys } from './schemas.ts'

const seconds = 'it must be a whole number of seconds from 60 to 315360000 (ten years), or null for no end'
const newToken = z.strictObject({
  name: z.string(`it must be ${nameRule}`),
  role: z.enum(anyRoles, { error: ({ input }) => `${JSON.stringify(input)} is not one of ${anyRoles.join(', ')}` }),
  expires_in_seconds: z.int(seconds).min(60, seconds).max(315_360_000, seconds).nullable().default(null),
})

/** Tokens for programs and people, made and revoked here; and browsers that are logged in. */
export function tokenRoutesOf({ access, credentials, clock }: Login): Hono<RestEnv> {
  const app = new Hono<RestEnv>()
  const store = () => {
    if (credentials) return credentials
    throw new ServiceError('unavailable', 'there is no place to keep tokens')
  }

  app.get(tokenRoutes.tokens, (c) => {
    parseQuery(c, noKeys)
    return c.json(
      store()
        .tokens()
        .map((token) => renderToken(token, clock.now())),
    )
  })
  app.post(tokenRoutes.tokens, async (c) => {
    const { name, role, expires_in_seconds: expires } = await parseBody(c, newToken)
    if (!access.closed) {
      const message =
        'no token is configured, so nobody needs one: set NAVARCH_AUTH_TOKEN (or server.auth) at the control plane first, and give its token to the agents'
      throw new ServiceError('conflict', message)
    }
    const where = access.whereConfigured(name)
    if (where !== undefined) {
      throw new ServiceError('conflict', `a token of the name ${name} is set by ${where}: take another name`)
    }
    const expiresInMs = expires === null ? null : expires * 1000
    const { record, token } = await store().createToken({ name, role, expiresInMs, by: c.get('by') })
    return c.json({ ...renderToken(record, clock.now()), token } satisfies NewApiTokenJson, 201)
  })
  app.delete(tokenRoutes.token, async (c) => {
    parseQuery(c, noKeys)
    const id = c.req.param('id')
    const revoked = await store()
      .revokeToken(id, c.get('by'))
      .catch((error: unknown) => {
        const where = access.whereConfigured(id)
        const told = where === undefined || !(error instanceof ServiceError) || error.code !== 'not_found'
        throw told ? error : new ServiceError('conflict', notMadeHere(id, where))
      })
    return c.json(renderToken(revoked, clock.now()))
  })
  app.get(tokenRoutes.sessions, (c) => {
    parseQuery(c, noKeys)
    return c.json(store().sessions().map(renderOpenSession))
  })
  app.delete(tokenRoutes.session, async (c) => {
    parseQuery(c, noKeys)
    const id = c.req.param('id')
    const session = store()
      .sessions()
      .find((one) => renderOpenSession(one).id === id)
    if (!session) throw new ServiceError('not_found', `session not found: ${id}`)
    await store().endSession(session.id, c.get('by'))
    return c.json(renderOpenSession(session))
  })
  return app
}

function notMadeHere(name: string, where: string): string {
  return `the token ${name} was not made here but is set by ${where}: take it out there, or change it, and start the control plane again`
}
