import { Readable } from 'node:stream'
import { routes } from '@navarch/api/routes'
import { Hono } from 'hono'
import { ServiceError } from '../../services/service-error.ts'
import type { RestOptions } from './rest-app.ts'
import type { RestEnv } from './rest-env.ts'
import { withoutQuery } from './without-query.ts'

/** What a backup is sent and answered as. */
export const backupMediaType = 'application/gzip'

/** `navarch backup` and `navarch restore`: the file goes through as a stream, whatever its size. */
export function backupRoutes({ services: { backups } }: Pick<RestOptions, 'services'>): Hono<RestEnv> {
  const app = new Hono<RestEnv>()
  app.get(routes.backup, async (c) => {
    withoutQuery(c)
    if (c.req.method === 'HEAD') return new Response(null, { headers: { 'content-type': backupMediaType } })
    const { body, createdAt } = await backups.backup()
    const name = `navarch-${new Date(createdAt).toISOString().slice(0, 19).replaceAll(':', '')}Z.backup.gz`
    return new Response(Readable.toWeb(body) as ReadableStream<Uint8Array>, {
      headers: {
        'content-type': backupMediaType,
        'content-disposition': `attachment; filename="${name}"`,
        'cache-control': 'no-store',
      },
    })
  })
  app.post(routes.restore, async (c) => {
    withoutQuery(c)
    if (c.req.header('content-type') !== backupMediaType || !c.req.raw.body) {
      throw new ServiceError('invalid', `send the file of a backup, with "Content-Type: ${backupMediaType}"`)
    }
    return c.json(await backups.restore(c.req.raw.body), 202)
  })
  app.get(routes.restore, (c) => {
    withoutQuery(c)
    return c.json(backups.lastRestore())
  })
  return app
}
