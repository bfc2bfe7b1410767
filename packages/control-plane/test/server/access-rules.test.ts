import { ControlPlaneService } from '@navarch/api/control-plane'
import { Health } from '@navarch/api/grpc-health'
import { ServerReflection } from '@navarch/api/grpc-reflection-v1'
import { ServerReflection as ServerReflectionAlpha } from '@navarch/api/grpc-reflection-v1alpha'
import { routes } from '@navarch/api/routes'
import type { Need } from '@navarch/core/access/role'
import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { describe, expect, it } from 'vitest'
import { accessOfJobs, accessOfRest, accessOfRpc, ruleOfRest, ruleOfRpc } from '../../src/server/access-rules.ts'
import { createRestApp } from '../../src/server/rest/rest-app.ts'
import { createJobsApp } from '../../src/server/v1/jobs-app.ts'
import { createServicesDouble } from './services-double.ts'
import { openTestLogin } from './test-login.ts'

const services = createServicesDouble().services
const login = await openTestLogin()
const restApp = createRestApp({
  services,
  access: login.access,
  login,
  downloadDir: undefined,
  log: silentLog,
  clock: systemClock,
  shutdown: new AbortController().signal,
  keepAliveMs: 1000,
})
const jobsApp = createJobsApp({
  jobs: services.jobs,
  version: '1',
  access: login.access,
  log: silentLog,
  newId: () => 'id',
})

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

describe('the table of what each request needs', () => {
  it('has every route that is served, with its method', () => {
    const served = [...restApp.routes, ...jobsApp.routes].filter(({ method }) => method !== 'ALL')
    expect(served.length).toBeGreaterThan(50)
    const without = served.filter(({ method, path }) => ruleOfRest(method, path) === undefined)
    expect(without.map(({ method, path }) => `${method} ${path}`)).toEqual([])
  })

  it('has every route of the API', () => {
    const without = Object.values(routes).filter((path) => methods.every((method) => !ruleOfRest(method, path)))
    expect(without).toEqual([])
  })

  it('has every path and method of the OpenAPI document', async () => {
    const answer = await jobsApp.request('/openapi.json', {}, { incoming: { headers: {} } })
    const document = (await answer.json()) as { paths: Record<string, object> }
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method): [string, string] => [method.toUpperCase(), path.replace(/\{\w+\}/g, 'x')]),
    )
    expect(described.length).toBeGreaterThan(15)
    expect(described.filter(([method, path]) => ruleOfRest(method, path) === undefined)).toEqual([])
  })

  it('has every RPC', () => {
    const rpcs = [ControlPlaneService, Health, ServerReflection, ServerReflectionAlpha].flatMap((service) =>
      service.methods.map((method): [string, string] => [service.typeName, method.localName]),
    )
    expect(rpcs.filter(([service, method]) => ruleOfRpc(service, method) === undefined)).toEqual([])
  })

  it('asks for an operator or more for whatever changes something', () => {
    const changes = [...restApp.routes, ...jobsApp.routes].filter(
      ({ method }) => !['ALL', 'GET', 'HEAD'].includes(method),
    )
    const weak = changes.filter(({ method, path }) => ['probe', 'viewer'].includes(accessOfRest(method, path)))
    // Logins look at what they are shown by themselves.
    expect(weak.filter(({ path }) => !path.startsWith('/auth/'))).toEqual([])
  })

  it.each<[string, string, Need]>([
    ['GET', '/healthz', 'probe'],
    ['HEAD', '/api/v1/nodes', 'viewer'],
    ['GET', '/api/v1/nodes/gpu-1', 'viewer'],
    ['POST', '/api/v1/nodes/gpu-1/drain', 'operator'],
    ['POST', '/api/v1/operations/op1/approve', 'operator'],
    ['GET', '/api/v1/backup', 'admin'],
    ['POST', '/api/v1/restore', 'admin'],
    ['DELETE', '/api/v1/tokens/t1', 'admin'],
    ['POST', '/v1/events/batch', 'agent'],
    ['DELETE', '/v1/jobs/812', 'operator'],
    ['GET', '/nothing', 'viewer'],
    ['DELETE', '/healthz', 'admin'],
    ['POST', '/v1/events/other', 'admin'],
    ['TRACE', '/api/v1/nodes', 'admin'],
  ])('%s %s needs %s', (method, path, need) => {
    expect(accessOfRest(method, path)).toBe(need)
  })

  it("takes an RPC that it does not know for an administrator's", () => {
    expect(accessOfRpc('navarch.ControlPlaneService', 'scalePool')).toBe('operator')
    expect(accessOfRpc('navarch.ControlPlaneService', 'listNodes')).toBe('viewer')
    expect(accessOfRpc('navarch.ControlPlaneService', 'constructor')).toBe('admin')
    expect(accessOfRpc('other.Service', 'listNodes')).toBe('admin')
  })

  it('lets jobs be read by anybody, unless they are protected; changes are as ever', () => {
    expect(accessOfJobs('GET', '/v1/jobs/812', false)).toBe('probe')
    expect(accessOfJobs('GET', '/v1/jobs/812', true)).toBe('viewer')
    expect(accessOfJobs('GET', '/v1/health', true)).toBe('probe')
    expect(accessOfJobs('PATCH', '/v1/jobs/812', false)).toBe('operator')
  })
})
