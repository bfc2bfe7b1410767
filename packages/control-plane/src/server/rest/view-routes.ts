import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { viewRoutes as paths } from '@navarch/api/views'
import { type Context, Hono } from 'hono'
import { takesEncoding } from '../takes-encoding.ts'
import { fleetStream } from './fleet-stream.ts'
import { lastEventId } from './last-event-id.ts'
import { parseQuery } from './parse-request.ts'
import { present } from './present.ts'
import type { RestOptions } from './rest-app.ts'
import type { RestEnv } from './rest-env.ts'
import { activityQuery, hoursQuery, liveQuery, queueQuery, searchQuery } from './view-schemas.ts'
import { withoutQuery } from './without-query.ts'

const compress = promisify(gzip)

/** What the dashboard reads: the routes of `@navarch/api/views`. */
export function viewRoutes({ services, shutdown }: Pick<RestOptions, 'services' | 'shutdown'>): Hono<RestEnv> {
  const { views } = services
  const app = new Hono<RestEnv>()
  const fleetAnswer = createFleetAnswer()

  app.get(paths.overview, async (c) => withoutQuery(c).json(await views.overview()))
  app.get(paths.activity, async (c) => c.json(await views.activity(present(parseQuery(c, activityQuery)))))
  app.get(paths.fleet, async (c) => {
    withoutQuery(c)
    return fleetAnswer(await views.fleet.full(), takesGzip(c))
  })
  app.get(paths.fleetLive, (c) => {
    const { after } = parseQuery(c, liveQuery)
    return fleetStream(views.fleet, lastEventId(c, 'a revision of the fleet') ?? after, {
      signal: shutdown,
      gzip: takesGzip(c),
    })
  })
  app.get(paths.nodeStory, async (c) => {
    const { hours } = parseQuery(c, hoursQuery)
    return c.json(await views.nodeStory(c.req.param('id'), hours))
  })
  app.get(paths.poolHistory, async (c) => {
    const { hours } = parseQuery(c, hoursQuery)
    return c.json(await views.poolHistory(c.req.param('name'), hours))
  })
  app.get(paths.history, async (c) => c.json(await views.history(parseQuery(c, hoursQuery).hours)))
  app.get(paths.queue, async (c) => c.json(await views.queue(present(parseQuery(c, queueQuery)))))
  app.get(paths.slurm, async (c) => withoutQuery(c).json(await views.slurm()))
  app.get(paths.search, async (c) => {
    const { q, limit } = parseQuery(c, searchQuery)
    return c.json(await views.search(q, limit))
  })
  return app
}

function takesGzip(context: Context<RestEnv>): boolean {
  return takesEncoding(context.req.header('accept-encoding'), 'gzip')
}

/** The fleet's text, compressed once for all who ask for the same one. */
function createFleetAnswer(): (fleet: { text: string }, packed: boolean) => Promise<Response> {
  let last: { text: string; body: Promise<Buffer<ArrayBuffer>> } | undefined
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-cache', vary: 'accept-encoding' }
  return async ({ text }, packed) => {
    if (!packed) return new Response(text, { headers })
    if (last?.text !== text) last = { text, body: compress(text, { level: 4 }) as Promise<Buffer<ArrayBuffer>> }
    return new Response(await last.body, { headers: { ...headers, 'content-encoding': 'gzip' } })
  }
}
