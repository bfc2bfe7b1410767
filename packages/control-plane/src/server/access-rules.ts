import { ControlPlaneService } from '@navarch/api/control-plane'
import { Health } from '@navarch/api/grpc-health'
import { ServerReflection } from '@navarch/api/grpc-reflection-v1'
import { ServerReflection as ServerReflectionAlpha } from '@navarch/api/grpc-reflection-v1alpha'
import { type Route, routes } from '@navarch/api/routes'
import type { Need } from '@navarch/core/access/role'

const controlPlaneAccess: Record<keyof typeof ControlPlaneService.method, Need> = {
  registerNode: 'agent',
  reportHealth: 'agent',
  sendHeartbeat: 'agent',
  getNodeCommands: 'agent',
  acknowledgeCommand: 'agent',
  agentLink: 'agent',
  listNodes: 'viewer',
  getNode: 'viewer',
  listInstances: 'viewer',
  getInstance: 'viewer',
  listPools: 'viewer',
  getPool: 'viewer',
  explainPool: 'viewer',
  listOperations: 'viewer',
  getOperation: 'viewer',
  watch: 'viewer',
  getBootstrapLog: 'viewer',
  issueCommand: 'operator',
  scalePool: 'operator',
  cancelOperation: 'operator',
  retryOperation: 'operator',
  approveOperation: 'operator',
  rejectOperation: 'operator',
}

const rpcAccess: ReadonlyMap<string, Need> = new Map([
  ...Object.entries(controlPlaneAccess).map(([method, kind]): [string, Need] => [
    `${ControlPlaneService.typeName}/${method}`,
    kind,
  ]),
  [`${Health.typeName}/check`, 'probe'],
  [`${Health.typeName}/watch`, 'probe'],
  [`${ServerReflection.typeName}/serverReflectionInfo`, 'viewer'],
  [`${ServerReflectionAlpha.typeName}/serverReflectionInfo`, 'viewer'],
])

/**
 * What an RPC needs; a method that is not in the table is an administrator's.
 * @param service its full name
 * @param method its name in camel case
 */
export function accessOfRpc(service: string, method: string): Need {
  return ruleOfRpc(service, method) ?? 'admin'
}

/** What the table says of an RPC; undefined when it is not in it. */
export function ruleOfRpc(service: string, method: string): Need | undefined {
  return rpcAccess.get(`${service}/${method}`)
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Methods = { [M in Method]?: Need }

const view: Methods = { GET: 'viewer' }
const steer: Methods = { POST: 'operator' }

/** What each route needs, by method. HEAD is as GET. */
const routeAccess: Record<Route, Methods> = {
  nodes: view,
  node: view,
  nodeCordon: steer,
  nodeUncordon: steer,
  nodeDrain: steer,
  nodeBootstrapLogs: view,
  pools: view,
  pool: view,
  poolExplain: view,
  poolScale: steer,
  operations: view,
  operation: view,
  operationCancel: steer,
  operationRetry: steer,
  operationApprove: steer,
  operationReject: steer,
  events: view,
  version: view,
  // It has everything in it.
  backup: { GET: 'admin' },
  restore: { POST: 'admin', GET: 'viewer' },

  health: { GET: 'probe' },
  jobs: { ...view, POST: 'operator' },
  job: { ...view, PATCH: 'operator', DELETE: 'operator' },
  jobMetrics: { ...view, POST: 'operator' },
  jobSeries: view,
  jobReport: view,
  jobAudit: view,
  jobRuns: view,
  audit: view,
  usage: view,
  waste: view,
  jobStarted: { POST: 'agent' },
  jobFinished: { POST: 'agent' },
  jobEventBatch: { POST: 'agent' },

  overview: view,
  activity: view,
  fleet: view,
  fleetLive: view,
  nodeStory: view,
  poolHistory: view,
  history: view,
  queue: view,
  slurm: view,
  search: view,

  alerts: view,
  alert: view,
  alertAcknowledge: steer,
  alertUnacknowledge: steer,
  alertHistory: view,
  alertSilences: { GET: 'viewer', POST: 'operator' },
  alertSilence: { GET: 'viewer', DELETE: 'operator' },
  alertRules: { GET: 'viewer', POST: 'admin' },
  alertRule: { GET: 'viewer', PUT: 'admin', DELETE: 'admin' },
  alertMetrics: view,
  alertReceivers: view,
  alertReceiverTest: { POST: 'admin' },
  simpleAlerts: { GET: 'viewer', POST: 'admin' },
  simpleAlert: { GET: 'viewer', PUT: 'admin', DELETE: 'admin' },
  simpleAlertHistory: view,

  // Who one is may be asked by everybody; each of these looks at what it is shown by itself.
  authSession: { GET: 'probe' },
  authTokenLogin: { POST: 'probe' },
  authLogin: { GET: 'probe' },
  authCallback: { GET: 'probe' },
  authLogout: { POST: 'probe' },
  authDevice: { POST: 'probe' },
  authDevicePoll: { POST: 'probe' },
  tokens: { GET: 'admin', POST: 'admin' },
  token: { DELETE: 'admin' },
  sessions: { GET: 'admin' },
  session: { DELETE: 'admin' },
}

/** Routes outside of the API: what they tell is no secret. */
const openRoutes: readonly string[] = [
  '/',
  '/healthz',
  '/readyz',
  '/metrics',
  '/docs',
  '/openapi.json',
  '/v1/openapi.json',
  '/download/install.sh',
  '/download/:name',
]

interface Rule {
  methods: Methods
  pattern: RegExp
}

const exact = new Map<string, Methods>()
const patterns: Rule[] = []
for (const [path, methods] of [
  ...Object.entries(routeAccess).map(([route, methods]): [string, Methods] => [routes[route as Route], methods]),
  ...openRoutes.map((path): [string, Methods] => [path, { GET: 'probe' }]),
]) {
  if (!path.includes(':')) exact.set(path, { ...exact.get(path), ...methods })
  else patterns.push({ methods, pattern: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`) })
}

/**
 * What the table says of a REST request; undefined when it is not in it.
 * @param path as it was sent, or a route's own with its parameters' names
 */
export function ruleOfRest(method: string, path: string): Need | undefined {
  const asked = method === 'HEAD' ? 'GET' : method
  const rules = [exact.get(path), ...patterns.filter(({ pattern }) => pattern.test(path)).map(({ methods }) => methods)]
  return rules.flatMap((methods) => methods?.[asked as Method] ?? [])[0]
}

/**
 * What a REST request needs. One that is not in the table, which nothing serves, is told so by whoever may see the fleet; a
 * change that is not in it is an administrator's.
 */
export function accessOfRest(method: string, path: string): Need {
  return ruleOfRest(method, path) ?? (method === 'GET' || method === 'HEAD' ? 'viewer' : 'admin')
}

/** Whether what needs this is something that people answer for: a change, or a look at what is an administrator's alone. */
export function isAnsweredFor(need: Need): boolean {
  return need === 'operator' || need === 'admin'
}

/** What a request of the job API needs: jobs are read without a token, as the document's users do, unless they are protected. */
export function accessOfJobs(method: string, path: string, protectJobs: boolean): Need {
  const need = accessOfRest(method, path)
  return need === 'viewer' && !protectJobs ? 'probe' : need
}
