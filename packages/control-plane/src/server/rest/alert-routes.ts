import { alertRoutes as paths, simpleAlertRoutes as simplePaths, totalCountHeader } from '@navarch/api/alerts'
import { Hono } from 'hono'
import {
  acknowledgeBody,
  alertsQuery,
  historyQuery,
  newRule,
  newSilence,
  newSimpleRule,
  ruleBody,
  silenceBody,
  silencesQuery,
  simpleHistoryQuery,
  simpleRuleBody,
  simpleRuleChange,
  unacknowledgeBody,
} from './alert-schemas.ts'
import { parseBody, parseQuery } from './parse-request.ts'
import { present } from './present.ts'
import type { RestOptions } from './rest-app.ts'
import type { RestEnv } from './rest-env.ts'
import { noKeys } from './schemas.ts'
import { withoutQuery } from './without-query.ts'

/** Alerts, their rules and silences, and who is told: the routes of `@navarch/api/alerts`. */
export function alertRoutes({ services, clock }: Pick<RestOptions, 'services' | 'clock'>): Hono<RestEnv> {
  const { alerts } = services
  const app = new Hono<RestEnv>()

  app.get(paths.alerts, (c) => {
    const found = alerts.list(present(parseQuery(c, alertsQuery)))
    c.header(totalCountHeader, String(found.total))
    return c.json(found.alerts)
  })
  app.get(paths.alert, async (c) => c.json(await alerts.get(withoutQuery(c).req.param('id'))))
  app.post(paths.alertAcknowledge, async (c) => {
    const { note, group } = await parseBody(withoutQuery(c), acknowledgeBody)
    return c.json(await alerts.acknowledge(c.req.param('id'), note, group, c.get('by')))
  })
  app.post(paths.alertUnacknowledge, async (c) => {
    const { group } = await parseBody(withoutQuery(c), unacknowledgeBody)
    return c.json(await alerts.unacknowledge(c.req.param('id'), group, c.get('by')))
  })
  app.get(paths.alertHistory, async (c) => c.json(await alerts.history(limited(parseQuery(c, historyQuery)))))

  app.get(paths.alertSilences, (c) => c.json(alerts.silences(parseQuery(c, silencesQuery).all)))
  app.post(paths.alertSilences, async (c) => {
    const body = await parseBody(withoutQuery(c), silenceBody)
    return c.json(await alerts.addSilence(newSilence(body, clock.now()), c.get('by')), 201)
  })
  app.get(paths.alertSilence, (c) => c.json(alerts.silence(withoutQuery(c).req.param('id'))))
  app.delete(paths.alertSilence, async (c) => {
    return c.json(await alerts.endSilence(withoutQuery(c).req.param('id'), c.get('by')))
  })

  app.get(paths.alertRules, (c) => withoutQuery(c).json(alerts.rules()))
  app.post(paths.alertRules, async (c) => {
    return c.json(await alerts.addRule(newRule(await parseBody(withoutQuery(c), ruleBody))), 201)
  })
  app.get(paths.alertRule, (c) => c.json(alerts.rule(withoutQuery(c).req.param('id'))))
  app.put(paths.alertRule, async (c) => {
    const rule = newRule(await parseBody(withoutQuery(c), ruleBody))
    return c.json(await alerts.changeRule(c.req.param('id'), rule))
  })
  app.delete(paths.alertRule, async (c) => {
    await alerts.removeRule(withoutQuery(c).req.param('id'))
    return c.body(null, 204)
  })

  app.get(paths.alertMetrics, (c) => withoutQuery(c).json(alerts.metrics()))
  app.get(paths.alertReceivers, (c) => withoutQuery(c).json(alerts.receivers()))
  app.post(paths.alertReceiverTest, async (c) => {
    await parseBody(withoutQuery(c), noKeys)
    return c.json(await alerts.test(c.req.param('name'), c.get('by')))
  })
  app.route('/', simpleRoutes(services))
  return app
}

/** The routes of the GPU monitoring document. */
function simpleRoutes({ alerts }: RestOptions['services']): Hono<RestEnv> {
  const { simple } = alerts
  const app = new Hono<RestEnv>()
  app.get(simplePaths.simpleAlertHistory, async (c) => {
    return c.json(await simple.history(parseQuery(c, simpleHistoryQuery).limit))
  })
  app.get(simplePaths.simpleAlerts, (c) => withoutQuery(c).json(simple.list()))
  app.post(simplePaths.simpleAlerts, async (c) => {
    return c.json(await simple.add(newSimpleRule(await parseBody(withoutQuery(c), simpleRuleBody))), 201)
  })
  app.get(simplePaths.simpleAlert, (c) => c.json(simple.get(withoutQuery(c).req.param('id'))))
  app.put(simplePaths.simpleAlert, async (c) => {
    const change = await parseBody(withoutQuery(c), simpleRuleChange)
    return c.json(await simple.change(c.req.param('id'), (rule) => newSimpleRule({ ...rule, ...present(change) })))
  })
  app.delete(simplePaths.simpleAlert, async (c) => {
    const { id } = simple.get(withoutQuery(c).req.param('id'))
    await alerts.removeRule(id)
    return c.body(null, 204)
  })
  return app
}

function limited<T extends { limit: number }>(query: T) {
  return { ...present(query), limit: query.limit }
}
