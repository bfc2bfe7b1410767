import { alertRoutes, simpleAlertRoutes } from './alerts.ts'
import { authRoutes, tokenRoutes } from './auth.ts'
import { jobRoutes } from './jobs.ts'
import { viewRoutes } from './views.ts'

/**
 * The REST API's routes, in one place for server, command line and docs. `:name` is a path parameter.
 *
 * | method and path | query or body | answer |
 * |---|---|---|
 * | GET /api/v1/nodes | provider, region, status, pool, health | NodeJson[] |
 * | GET /api/v1/nodes/:id | id, short host name or FQDN | NodeJson |
 * | POST /api/v1/nodes/:id/cordon, /uncordon, /drain | {reason} | NodeJson |
 * | GET /api/v1/nodes/:id/bootstrap-logs | | BootstrapLogJson[] |
 * | GET /api/v1/pools | | PoolJson[] |
 * | GET /api/v1/pools/:name | | PoolJson |
 * | GET /api/v1/pools/:name/explain | | PoolExplanationJson |
 * | POST /api/v1/pools/:name/scale | {nodes: number or null} | PoolJson |
 * | GET /api/v1/operations | pool, node, all=true | OperationJson[] |
 * | GET /api/v1/operations/:id | | OperationJson |
 * | POST /api/v1/operations/:id/cancel, /retry | | OperationJson |
 * | POST /api/v1/operations/:id/approve | | OperationJson |
 * | POST /api/v1/operations/:id/reject | {reason} | OperationJson |
 * | GET /api/v1/events | after, limit; `Accept: text/event-stream` follows | EventJson[] or a stream of EventJson |
 * | GET /api/v1/version | | VersionJson |
 * | GET /api/v1/backup | | the file of `@navarch/api/backup`, as a stream |
 * | POST /api/v1/restore | such a file, `Content-Type: application/gzip` | 202, RestoreJson |
 * | GET /api/v1/restore | | RestoreJson of the last one |
 *
 * The job API's are those of `jobRoutes`, the dashboard's those of `viewRoutes`, and those of logins and tokens are in `auth.ts`, alerts' those of `alertRoutes`.
 */
export const routes = {
  nodes: '/api/v1/nodes',
  node: '/api/v1/nodes/:id',
  nodeCordon: '/api/v1/nodes/:id/cordon',
  nodeUncordon: '/api/v1/nodes/:id/uncordon',
  nodeDrain: '/api/v1/nodes/:id/drain',
  nodeBootstrapLogs: '/api/v1/nodes/:id/bootstrap-logs',
  pools: '/api/v1/pools',
  pool: '/api/v1/pools/:name',
  poolExplain: '/api/v1/pools/:name/explain',
  poolScale: '/api/v1/pools/:name/scale',
  operations: '/api/v1/operations',
  operation: '/api/v1/operations/:id',
  operationCancel: '/api/v1/operations/:id/cancel',
  operationRetry: '/api/v1/operations/:id/retry',
  operationApprove: '/api/v1/operations/:id/approve',
  operationReject: '/api/v1/operations/:id/reject',
  events: '/api/v1/events',
  version: '/api/v1/version',
  backup: '/api/v1/backup',
  restore: '/api/v1/restore',
  ...jobRoutes,
  ...alertRoutes,
  ...simpleAlertRoutes,
  ...viewRoutes,
  ...tokenRoutes,
  authSession: authRoutes.session,
  authTokenLogin: authRoutes.tokenLogin,
  authLogin: authRoutes.login,
  authCallback: authRoutes.callback,
  authLogout: authRoutes.logout,
  authDevice: authRoutes.deviceLogin,
  authDevicePoll: authRoutes.devicePoll,
} as const
export type Route = keyof typeof routes

/** Fills a route's parameters, percent-encoded. */
export function routePath(route: Route, parameters: Record<string, string> = {}): string {
  return routes[route].replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''))
}
