import { ControlPlaneService } from '@navarch/api/control-plane'
import { Health } from '@navarch/api/grpc-health'
import { ServerReflection } from '@navarch/api/grpc-reflection-v1'
import { ServerReflection as ServerReflectionAlpha } from '@navarch/api/grpc-reflection-v1alpha'
import { routes } from '@navarch/api/routes'
import type { AccessKind } from './auth.ts'

const controlPlaneAccess: Record<keyof typeof ControlPlaneService.method, AccessKind> = {
  registerNode: 'agent',
  reportHealth: 'agent',
  sendHeartbeat: 'agent',
  getNodeCommands: 'agent',
  acknowledgeCommand: 'agent',
  agentLink: 'agent',
  listNodes: 'read',
  getNode: 'read',
  listInstances: 'read',
  getInstance: 'read',
  listPools: 'read',
  getPool: 'read',
  explainPool: 'read',
  listOperations: 'read',
  getOperation: 'read',
  watch: 'read',
  getBootstrapLog: 'read',
  issueCommand: 'change',
  scalePool: 'change',
  cancelOperation: 'change',
  retryOperation: 'change',
}

const rpcAccess: ReadonlyMap<string, AccessKind> = new Map([
  ...Object.entries(controlPlaneAccess).map(([method, kind]): [string, AccessKind] => [
    `${ControlPlaneService.typeName}/${method}`,
    kind,
  ]),
  [`${Health.typeName}/check`, 'probe'],
  [`${Health.typeName}/watch`, 'probe'],
  [`${ServerReflection.typeName}/serverReflectionInfo`, 'read'],
  [`${ServerReflectionAlpha.typeName}/serverReflectionInfo`, 'read'],
])

/**
 * What an RPC wants; a method that is not in the table is taken for a change.
 * @param service its full name
 * @param method its name in camel case
 */
export function accessOfRpc(service: string, method: string): AccessKind {
  return rpcAccess.get(`${service}/${method}`) ?? 'change'
}

const probePaths = new Set(['/healthz', '/readyz', '/metrics'])

/** What a REST request wants. */
export function accessOfRest(method: string, path: string): AccessKind {
  if (method !== 'GET' && method !== 'HEAD') return path.startsWith('/v1/events/') ? 'agent' : 'change'
  // It has everything in it.
  if (path === routes.backup) return 'change'
  return probePaths.has(path) || path.startsWith('/download/') || isOpen(path) ? 'probe' : 'read'
}

/** Jobs are read without a token, as the document's users do. */
function isOpen(path: string): boolean {
  return path.startsWith('/v1/') || path === '/openapi.json' || path === '/docs'
}
