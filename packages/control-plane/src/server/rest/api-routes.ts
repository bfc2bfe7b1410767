import { routes } from '@navarch/api/routes'
import { Hono } from 'hono'
import { eventStream } from './event-stream.ts'
import { lastEventId } from './last-event-id.ts'
import { parseBody, parseQuery } from './parse-request.ts'
import { present } from './present.ts'
import type { RestOptions } from './rest-app.ts'
import type { RestEnv } from './rest-env.ts'
import { eventsQuery, nodesQuery, noKeys, operationsQuery, reasonBody, scaleBody } from './schemas.ts'
import { withoutQuery } from './without-query.ts'

/** The JSON API of `@navarch/api/routes`: each route parses, calls one service and renders. */
export function apiRoutes({ services, clock, shutdown, keepAliveMs }: RestOptions): Hono<RestEnv> {
  const { nodes, pools, operations, events } = services
  const app = new Hono<RestEnv>()

  app.get(routes.nodes, (c) => c.json(nodes.list(present(parseQuery(c, nodesQuery)))))
  app.get(routes.node, async (c) => c.json(await nodes.get(withoutQuery(c).req.param('id'))))
  app.get(routes.nodeBootstrapLogs, async (c) => c.json(await nodes.bootstrapLogs(withoutQuery(c).req.param('id'))))
  for (const action of ['cordon', 'uncordon', 'drain'] as const) {
    app.post(`${routes.node}/${action}`, async (c) => {
      const { reason } = await parseBody(withoutQuery(c), reasonBody)
      return c.json(await nodes[action](c.req.param('id'), reason))
    })
  }

  app.get(routes.pools, (c) => withoutQuery(c).json(pools.list()))
  app.get(routes.pool, (c) => c.json(pools.get(withoutQuery(c).req.param('name'))))
  app.get(routes.poolExplain, (c) => c.json(pools.explain(withoutQuery(c).req.param('name'))))
  app.post(routes.poolScale, async (c) => {
    const body = await parseBody(withoutQuery(c), scaleBody)
    return c.json(await pools.scale(c.req.param('name'), body.nodes))
  })

  app.get(routes.operations, async (c) => {
    const { all, ...filter } = parseQuery(c, operationsQuery)
    return c.json(await operations.list({ ...present(filter), all }))
  })
  app.get(routes.operation, async (c) => c.json(await operations.get(withoutQuery(c).req.param('id'))))
  for (const action of ['cancel', 'retry'] as const) {
    app.post(`${routes.operation}/${action}`, async (c) => {
      await parseBody(withoutQuery(c), noKeys)
      return c.json(await operations[action](c.req.param('id')))
    })
  }

  app.post(routes.operationApprove, async (c) => {
    await parseBody(withoutQuery(c), noKeys)
    return c.json(await operations.approve(c.req.param('id'), c.get('by')))
  })
  app.post(routes.operationReject, async (c) => {
    const { reason } = await parseBody(withoutQuery(c), reasonBody)
    return c.json(await operations.reject(c.req.param('id'), c.get('by'), reason))
  })
  app.get(routes.events, async (c) => {
    const { after, limit } = parseQuery(c, eventsQuery)
    if (!c.req.header('accept')?.includes('text/event-stream')) {
      return c.json(await events.since(after ?? Math.max(0, events.latest() - limit), limit))
    }
    const from = lastEventId(c, 'the number of an event') ?? after ?? events.latest()
    return eventStream(events, from, { clock, signal: shutdown, keepAliveMs })
  })
  app.get(routes.version, (c) => withoutQuery(c).json(services.version()))
  return app
}
