import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { viewRoutes as paths } from '@navarch/api/views'
import { type Context, Hono } from 'hono'
import { ServiceError } from '../../services/service-error.ts'
import { fleetStream } from './fleet-stream.ts'
import { parseQuery } from './parse-request.ts'
import type { RestOptions } from './rest-app.ts'
import type { RestEnv } from './rest-env.ts'
import { eventNumber, noKeys } from './schemas.ts'
import { activityQuery, hoursQuery, liveQuery, queueQuery, searchQuery } from './view-schemas.ts'

const compress = promisify(gzip)

/** What the dashboard reads: the routes of `@navarch/api/views`. */
export function viewRoutes({ services, shutdown }: Pick<RestOptions, 'services' | 'shutdown'>): Hono<RestEnv> {
  const { views } = services
  const app = new Hono<RestEnv>()
  const fleetAnswer = createFleetAnswer()

  app.get(paths.overview, async (c) => plain(c).json(await views.overview()))
  app.get(paths.activity, async (c) => c.json(await views.activity(present(parseQuery(c, activityQuery)))))
  app.get(paths.fleet, (c) => {
    plain(c)
    return fleetAnswer(views.fleet.full(), takesGzip(c))
  })
  app.get(paths.fleetLive, (c) => {
    const { after } = parseQuery(c, liveQuery)
    return fleetStream(views.fleet, lastEventId(c) ?? after, { signal: shutdown, gzip: takesGzip(c) })
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
  app.get(paths.slurm, async (c) => plain(c).json(await views.slurm()))
  app.get(paths.search, async (c) => {
    const { q, limit } = parseQuery(c, searchQuery)
    return c.json(await views.search(q, limit))
  })
  return app
}

/** A request whose route takes no query. */
function plain<C extends Context<RestEnv>>(context: C): C {
  parseQuery(context, noKeys)
  return context
}

function takesGzip(context: Context<RestEnv>): boolean {
  return /\bgzip\b(?!;\s*q=0(?:\.0*)?(?:,|$))/.test(context.req.header('accept-encoding') ?? '')
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

/** Where a client of server-sent events left off. */
function lastEventId(context: Context<RestEnv>): number | undefined {
  const header = context.req.header('last-event-id')
  if (header === undefined || header === '') return undefined
  const parsed = eventNumber.safeParse(header)
  if (!parsed.success) throw new ServiceError('invalid', 'Last-Event-ID is not a revision of the fleet')
  return parsed.data
}

/** Without the keys that are undefined. */
function present<T extends object>(record: T): Present<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Present<T>
}

/** A record whose keys may be absent and are never undefined. */
type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}
