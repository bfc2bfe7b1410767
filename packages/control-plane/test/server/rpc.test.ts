import { execFile } from 'node:child_process'
import { request } from 'node:http'
import { promisify } from 'node:util'
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node'
import { ControlPlaneService, HealthStatus, NodeCommandType, NodeStatus } from '@navarch/api/control-plane'
import { Health, HealthCheckResponse_ServingStatus } from '@navarch/api/grpc-health'
import { ServerReflection } from '@navarch/api/grpc-reflection-v1'
import { ServerReflection as ServerReflectionAlpha } from '@navarch/api/grpc-reflection-v1alpha'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { startTestServer } from './test-server.ts'

const transports: [string, (baseUrl: string) => Transport][] = [
  ['gRPC', (baseUrl) => createGrpcTransport({ baseUrl })],
  ['gRPC-Web on HTTP/1.1', (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })],
  ['Connect on HTTP/1.1', (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1' })],
  [
    'Connect JSON on HTTP/2',
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: false }),
  ],
]

async function failureOf(call: Promise<unknown>): Promise<[Code, string]> {
  const error = ConnectError.from(
    await call.then(
      () => new Error('it did not fail'),
      (reason: unknown) => reason,
    ),
  )
  return [error.code, error.rawMessage]
}

describe.each(transports)('ControlPlaneService over %s', (_, createTransport) => {
  it('lists, gets, follows and changes', async () => {
    const { url, double } = await startTestServer()
    const client = createClient(ControlPlaneService, createTransport(url))
    const { nodes } = await client.listNodes({ status: NodeStatus.ACTIVE })
    expect(nodes).toMatchObject([{ nodeId: 'node-1', healthStatus: HealthStatus.HEALTHY, status: NodeStatus.ACTIVE }])
    expect((await client.getPool({ name: 'main' })).pool?.size?.max).toBe(4)
    await client.scalePool({ name: 'main' })
    await client.issueCommand({ nodeId: 'node-1', commandType: NodeCommandType.CORDON })
    expect(double.changes).toEqual(['scale main null', 'command node-1'])
    double.emit('first')
    double.emit('second')
    for await (const event of client.watch({ after: 1n })) {
      expect([event.seq, event.message]).toEqual([2n, 'second'])
      break
    }
  })

  it('answers failures with the code and words of the contract', async () => {
    const { url, double } = await startTestServer()
    const client = createClient(ControlPlaneService, createTransport(url))
    expect(await failureOf(client.getNode({}))).toEqual([Code.InvalidArgument, 'node_id is required'])
    expect(await failureOf(client.getNode({ nodeId: 'x' }))).toEqual([Code.NotFound, 'node not found: x'])
    expect(await failureOf(client.getInstance({ instanceId: 'i' }))).toEqual([Code.NotFound, 'instance not found: i'])
    expect(await failureOf(client.retryOperation({ id: 'x' }))).toEqual([Code.Unavailable, 'the store is away'])
    const [code, message] = await failureOf(client.getNode({ nodeId: 'node-broken' }))
    expect([code, message.includes('secret')]).toEqual([Code.Internal, false])
    const odd = await failureOf(client.registerNode({ nodeId: 'a;reboot' }))
    expect(odd).toEqual([Code.InvalidArgument, expect.stringContaining('node_id is "a;reboot"')])
    expect(double.changes).toEqual([])
  })

  it('needs the token when one is set', async () => {
    const { url } = await startTestServer({ authToken: 'secret' })
    const client = createClient(ControlPlaneService, createTransport(url))
    expect((await failureOf(client.listNodes({})))[0]).toBe(Code.Unauthenticated)
    const headers = { authorization: 'Bearer secret' }
    expect((await client.listNodes({}, { headers })).nodes).toHaveLength(1)
  })
})

describe('calls', () => {
  it('can be made with plain JSON', async () => {
    const { url } = await startTestServer()
    const call = (body: string) =>
      fetch(`${url}/navarch.ControlPlaneService/GetNode`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
    expect(await (await call('{"nodeId":"node-1"}')).json()).toMatchObject({ node: { nodeId: 'node-1' } })
    const wrong = await call('{"node":')
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { code: 'invalid_argument' }])
  })

  it('that change something are not taken from a proxy or a web page without a token', async () => {
    const { url, double } = await startTestServer()
    const client = createClient(ControlPlaneService, createConnectTransport({ baseUrl: url, httpVersion: '1.1' }))
    for (const headers of [{ 'x-forwarded-for': '10.0.0.9' }, { origin: 'http://evil.example' }]) {
      expect((await failureOf(client.scalePool({ name: 'main' }, { headers })))[0]).toBe(Code.PermissionDenied)
    }
    expect((await client.listNodes({}, { headers: { 'x-forwarded-for': '10.0.0.9' } })).nodes).toHaveLength(1)
    expect(double.changes).toEqual([])
  })

  it('to AgentLink are sent to gRPC', async () => {
    const { url } = await startTestServer()
    const client = createClient(ControlPlaneService, createConnectTransport({ baseUrl: url, httpVersion: '2' }))
    const answers = client.agentLink((async function* () {})())[Symbol.asyncIterator]()
    expect(await failureOf(answers.next())).toEqual([Code.Unimplemented, expect.stringContaining('gRPC over HTTP/2')])
  })

  it('with a Host that is none are refused, and the server goes on', async () => {
    const { url } = await startTestServer()
    const status = await new Promise((resolve, reject) => {
      const call = request(`${url}/navarch.ControlPlaneService/GetNode`, { method: 'POST', headers: { host: 'a b' } })
      call.on('response', (response) => resolve(response.statusCode))
      call.on('error', reject)
      call.end()
    })
    expect(status).toBe(400)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  it('with mutated bodies never fail inside and never change anything', async () => {
    const { url, double } = await startTestServer()
    const methods = Object.values(ControlPlaneService.method).filter((method) => method.methodKind === 'unary')
    const types = ['application/json', 'application/proto', 'application/grpc-web+proto', 'text/plain']
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...methods),
        fc.constantFrom(...types),
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        async (method, type, noise) => {
          const response = await fetch(`${url}/navarch.ControlPlaneService/${method.name}`, {
            method: 'POST',
            headers: { 'content-type': type },
            body: Buffer.concat([Buffer.from([0xff, 0xff, 0xff]), noise]),
          })
          const text = await response.text()
          // Connect calls bytes that are no message an internal error, as gRPC does.
          if (response.status >= 500) expect(text).toMatch(/^{"code":"internal","message":"parse binary: /)
          expect(text).not.toMatch(/\n\s+at /)
        },
      ),
      { numRuns: 150 },
    )
    expect(double.changes).toEqual([])
  })
})

describe('grpc.health.v1', () => {
  it('says what readyz says, without a token', async () => {
    const { url, double } = await startTestServer({ authToken: 'secret' })
    const client = createClient(Health, createGrpcTransport({ baseUrl: url }))
    expect((await client.check({})).status).toBe(HealthCheckResponse_ServingStatus.SERVING)
    double.notReady = 'starting'
    const service = 'navarch.ControlPlaneService'
    expect((await client.check({ service })).status).toBe(HealthCheckResponse_ServingStatus.NOT_SERVING)
    expect((await failureOf(client.check({ service: 'other' })))[0]).toBe(Code.NotFound)
  })
})

describe.each([
  ['v1', ServerReflection],
  ['v1alpha', ServerReflectionAlpha],
])('grpc.reflection.%s', (_, service) => {
  it('lists services, finds symbols with all that they import, and refuses what it does not have', async () => {
    const { url } = await startTestServer()
    const client = createClient(service, createGrpcTransport({ baseUrl: url }))
    const answers = client.serverReflectionInfo(
      (async function* () {
        yield { messageRequest: { case: 'listServices' as const, value: '' } }
        yield {
          messageRequest: { case: 'fileContainingSymbol' as const, value: 'navarch.ControlPlaneService.GetNode' },
        }
        yield { messageRequest: { case: 'fileByFilename' as const, value: 'google/protobuf/timestamp.proto' } }
        yield { messageRequest: { case: 'fileContainingSymbol' as const, value: 'navarch.Nothing' } }
      })(),
    )
    const seen: string[] = []
    for await (const { messageResponse: answer } of answers) {
      if (answer.case === 'listServicesResponse') seen.push(...answer.value.service.map(({ name }) => name))
      if (answer.case === 'fileDescriptorResponse') seen.push(`${answer.value.fileDescriptorProto.length} files`)
      if (answer.case === 'errorResponse') seen.push(answer.value.errorMessage)
    }
    expect(seen).toEqual([
      'navarch.ControlPlaneService',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      '2 files',
      '1 files',
      'symbol not found: navarch.Nothing',
    ])
  })
})

describe('reflection', () => {
  it('is understood by buf curl', async () => {
    const { url } = await startTestServer()
    const buf = new URL('../../../../node_modules/.bin/buf', import.meta.url).pathname
    const { stdout } = await promisify(execFile)(
      buf,
      ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', '--list-services', url],
      { timeout: 15_000 },
    )
    expect(stdout).toContain('navarch.ControlPlaneService')
  })
})
