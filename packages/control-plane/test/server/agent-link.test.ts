import { create } from '@bufbuild/protobuf'
import { createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { ControlPlaneService, ServerMessageSchema } from '@navarch/api/control-plane'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/services/service-error.ts'
import { type AgentClient, openAgentLink, openRegisteredLink } from './agent-client.ts'
import { startTestServer } from './test-server.ts'

const report = (reportId: string) => ({ case: 'report', value: { reportId } }) as const
const heartbeat = { case: 'heartbeat', value: {} } as const
const register = (nodeId: string) => ({ case: 'register', value: { nodeId } }) as const

describe('an agent link', () => {
  it('registers, and takes reports, heartbeats and command results, each acknowledged', async () => {
    const { url, double } = await startTestServer()
    const agent = await openRegisteredLink(url)
    expect(agent.received[0]).toMatchObject({ acked: 1n, body: { case: 'registered', value: { success: true } } })
    agent.send(report('r1'))
    agent.send(heartbeat)
    agent.send({ case: 'commandResult', value: { commandId: 'c1', success: true } })
    await agent.until(() => agent.acked() === 4n)
    expect(double.agentCalls.filter((call) => !call.startsWith('heartbeat'))).toEqual([
      'register node-1 127.0.0.1',
      'report node-1 r1',
      'acknowledge node-1 c1',
    ])
    expect(double.agentCalls).toContain('heartbeat node-1')
    agent.stream.end()
    expect(await agent.ended).toEqual(['0', ''])
    agent.destroy()
  })

  it('works with an ordinary gRPC client', async () => {
    const { url } = await startTestServer()
    const client = createClient(ControlPlaneService, createGrpcTransport({ baseUrl: url }))
    const cases: (string | undefined)[] = []
    const messages = async function* () {
      yield { seq: 1n, body: register('node-1') }
      yield { seq: 2n, body: report('r1') }
    }
    for await (const message of client.agentLink(messages())) cases.push(message.body.case)
    expect(cases).toEqual(['registered', undefined])
  })

  it('takes messages that arrive byte by byte', async () => {
    const { url, double } = await startTestServer()
    const agent = openAgentLink(url)
    const write = agent.stream.write.bind(agent.stream)
    agent.stream.write = (chunk: Buffer) => {
      for (const byte of chunk) write(Buffer.from([byte]))
      return true
    }
    agent.send(register('node-1'))
    agent.send(report('r1'))
    await agent.until(() => agent.acked() === 2n)
    expect(double.agentCalls).toEqual(['register node-1 127.0.0.1', 'report node-1 r1'])
    agent.destroy()
  })

  it('acknowledges nothing before it is durable, keeps the order of reports, and does not hold up heartbeats', async () => {
    const { url, double } = await startTestServer()
    const releases: (() => void)[] = []
    double.onReport = () => new Promise((resolve) => releases.push(resolve))
    const agent = await openRegisteredLink(url)
    agent.send(report('r1'))
    agent.send(report('r2'))
    agent.send(heartbeat)
    await eventually(() => double.agentCalls.includes('heartbeat node-1'))
    expect([agent.acked(), releases.length]).toEqual([1n, 1])
    releases[0]?.()
    await agent.until(() => agent.acked() === 2n)
    await eventually(() => releases.length === 2)
    releases[1]?.()
    await agent.until(() => agent.acked() === 4n)
    expect(double.agentCalls.filter((call) => call.startsWith('report'))).toEqual([
      'report node-1 r1',
      'report node-1 r2',
    ])
    agent.destroy()
  })

  it('goes on after more was sent than is held at once', async () => {
    const { url, double } = await startTestServer()
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    double.onReport = () => gate
    const agent = await openRegisteredLink(url)
    const ids = Array.from({ length: 12 }, (_, index) => `r${index}`)
    const findings = [{ evidence: 'x'.repeat(900_000) }]
    for (const reportId of ids) agent.send({ case: 'report', value: { reportId, findings } })
    release()
    await agent.until(() => agent.acked() === 13n)
    expect(double.agentCalls.slice(1)).toEqual(ids.map((id) => `report node-1 ${id}`))
    agent.destroy()
  })

  it('sends what its node is to be told', async () => {
    const { url, double } = await startTestServer()
    const agent = await openRegisteredLink(url)
    await eventually(() => double.attached.has('node-1'))
    double.attached.get('node-1')?.(
      create(ServerMessageSchema, { body: { case: 'command', value: { commandId: 'c7' } } }),
    )
    await agent.until(() => agent.received.some((message) => message.body.case === 'command'))
    agent.destroy()
    await eventually(() => !double.attached.has('node-1'))
  })

  it('of the same node takes the place of an older one', async () => {
    const { url, double } = await startTestServer()
    const older = await openRegisteredLink(url)
    const newer = await openRegisteredLink(url)
    expect(await older.ended).toEqual(['10', 'node-1 has a newer link'])
    newer.send(report('r1'))
    await newer.until(() => newer.acked() === 2n)
    expect(double.attached.has('node-1')).toBe(true)
    older.destroy()
    newer.destroy()
  })

  it('ends when the agent is silent for too long', async () => {
    const { url } = await startTestServer({ linkDeadlineMs: 100 })
    const agent = await openRegisteredLink(url)
    expect(await agent.ended).toEqual(['4', 'nothing was heard for 100 ms'])
    const mute = openAgentLink(url)
    expect((await mute.ended)[0]).toBe('4')
    agent.destroy()
    mute.destroy()
  })

  it('forgets a report that will never be taken, and ends where a later try may help', async () => {
    const { url, double } = await startTestServer()
    double.onReport = () => Promise.reject(new ServiceError('invalid', 'no such code'))
    const agent = await openRegisteredLink(url)
    agent.send(report('r1'))
    await agent.until(() => agent.acked() === 2n)
    double.onReport = () => Promise.reject(new ServiceError('unavailable', 'the store is away'))
    agent.send(report('r2'))
    agent.send(report('r3'))
    expect(await agent.ended).toEqual(['14', 'the store is away'])
    expect(agent.acked()).toBe(2n)
    agent.destroy()
  })

  const wrong: [string, (agent: AgentClient) => void, string, string][] = [
    ['does not register first', (agent) => agent.send(report('r')), '3', 'first message of a link must be register'],
    ['has no name', (agent) => agent.send(register('')), '3', 'node_id is required'],
    ['has a name for a shell', (agent) => agent.send(register('a b')), '3', 'node_id is "a b"'],
    ['sends noise', (agent) => agent.stream.write(Buffer.from('GET / HTTP/1.1')), '13', 'this is no gRPC message'],
    ['sends no message', (agent) => agent.stream.write(Buffer.from([0, 0, 0, 0, 1, 255])), '3', 'no AgentMessage'],
    ['compresses', (agent) => agent.stream.write(Buffer.from([1, 0, 0, 0, 1, 1])), '12', 'compressed messages'],
    ['sends too much', (agent) => agent.stream.write(Buffer.from([0, 1, 0, 0, 0])), '8', 'a message of 16777216 bytes'],
    ['repeats a seq', (agent) => [1n, 1n].map((seq) => agent.send(register('n'), seq)), '3', 'seq is 1 after 1'],
    ['speaks for another', (agent) => ['a', 'b'].map((id) => agent.send(register(id))), '3', 'node_id is "b"'],
  ]
  it.each(wrong)('ends with a status and a sentence when the agent %s', async (_, act, code, message) => {
    const { url } = await startTestServer()
    const agent = openAgentLink(url)
    act(agent)
    expect(await agent.ended).toEqual([code, expect.stringContaining(message)])
    agent.destroy()
  })

  it('needs the token when one is set', async () => {
    const { url } = await startTestServer({ authToken: 'secret' })
    const stranger = openAgentLink(url)
    expect((await stranger.ended)[0]).toBe('16')
    const agent = openAgentLink(url, { authorization: 'Bearer secret' })
    agent.send(register('node-1'))
    await agent.until(() => agent.received.length > 0)
    stranger.destroy()
    agent.destroy()
  })

  it('takes any bytes without failing inside', async () => {
    const { url, double } = await startTestServer()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (noise) => {
        const agent = openAgentLink(url)
        agent.stream.end(noise)
        const [code, message] = await agent.ended
        expect(['0', '3', '8', '12', '13']).toContain(code)
        expect(message).not.toMatch(/internal error|\n/)
        agent.destroy()
      }),
      { numRuns: 60 },
    )
    expect(double.agentCalls).toEqual([])
  })
})

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
