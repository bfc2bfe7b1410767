import { create } from '@bufbuild/protobuf'
import { createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { authRoutes, csrfHeader, type SessionJson } from '@navarch/api/auth'
import { ControlPlaneService, ServerMessageSchema, WatchRequestSchema } from '@navarch/api/control-plane'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { openAgentLink } from './agent-client.ts'
import { openTestLogin } from './test-login.ts'
import { startTestServer } from './test-server.ts'

/** A control plane, and a token that was made there. */
async function start(role: 'viewer' | 'agent') {
  const clock = createManualClock()
  const login = await openTestLogin({ sessionIdleMs: 3_600_000 }, { authToken: 'secret', effects: { clock } })
  const { credentials } = login
  if (!credentials) throw new Error('there is no place for tokens')
  const { token } = await credentials.createToken({ name: 'ci', role, expiresInMs: null, by: 'the test' })
  const server = await startTestServer({ login })
  const headers = { authorization: `Bearer ${token}` }
  return { ...server, clock, headers, revoke: () => credentials.revokeToken('ci', 'the test') }
}

/** Follows events, and reads on when it is told to. */
async function follow(url: string, headers: Record<string, string>) {
  const response = await fetch(`${url}/api/v1/events`, { headers: { accept: 'text/event-stream', ...headers } })
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return async (part: string) => {
    while (!text.includes(part)) {
      const { value, done } = await reader.read()
      if (done) return 'ended'
      text += value
    }
    return 'read'
  }
}

describe('what goes on for long', () => {
  it('ends, for a follower of events, with the token that it began with', async () => {
    const { url, double, headers, revoke } = await start('viewer')
    const read = await follow(url, headers)
    double.emit('before')
    expect(await read('before')).toBe('read')
    await revoke()
    double.emit('after')
    expect(await read('after')).toBe('ended')
  })

  it('ends with the session, and keeps none alive', async () => {
    const { url, double, clock } = await start('viewer')
    const logIn = async () => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"token":"secret"}' }
      const response = await fetch(`${url}${authRoutes.tokenLogin}`, init)
      const { csrf_token } = (await response.json()) as SessionJson
      const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? ''
      return { cookie, [csrfHeader]: csrf_token ?? '' }
    }
    const [leaving, staying] = [await logIn(), await logIn()]
    const [left, stayed] = [await follow(url, leaving), await follow(url, staying)]
    await fetch(`${url}${authRoutes.logout}`, { method: 'POST', headers: leaving })
    await clock.advance(1_800_000)
    double.emit('early')
    expect([await left('early'), await stayed('early')]).toEqual(['ended', 'read'])
    await clock.advance(1_800_000)
    double.emit('late')
    expect(await stayed('late')).toBe('ended')
  })

  it('ends on RPCs too', async () => {
    const { url, double, headers, revoke } = await start('viewer')
    const client = createClient(ControlPlaneService, createGrpcTransport({ baseUrl: url }))
    double.emit('first')
    const stream = client.watch(create(WatchRequestSchema, { after: 1n }), { headers })[Symbol.asyncIterator]()
    const [first] = await Promise.all([stream.next(), double.emit('before')])
    expect(first.done).toBe(false)
    await revoke()
    const next = stream.next()
    double.emit('after')
    await expect(next).rejects.toThrow(/unauthenticated/)
  })

  it("ends with an agent's token: what it sends then is not taken", async () => {
    const { url, double, headers, revoke } = await start('agent')
    const agent = openAgentLink(url, headers)
    agent.send({ case: 'register', value: { nodeId: 'node-1' } })
    await agent.until(() => agent.received.length > 0)
    await revoke()
    agent.send({ case: 'report', value: { reportId: 'r1' } })
    expect(await agent.ended).toEqual(['16', expect.stringContaining('good no more')])
    expect(double.agentCalls).not.toContain('report node-1 r1')
    agent.destroy()
  })

  it('ends for an agent that is silent too, before it is told anything more', async () => {
    const { url, double, headers, revoke } = await start('agent')
    const agent = openAgentLink(url, headers)
    agent.send({ case: 'register', value: { nodeId: 'node-1' } })
    await agent.until(() => agent.received.length > 0)
    await expect.poll(() => double.attached.has('node-1')).toBe(true)
    await revoke()
    double.attached.get('node-1')?.(
      create(ServerMessageSchema, { body: { case: 'command', value: { commandId: 'c7' } } }),
    )
    expect(await agent.ended).toEqual(['16', expect.stringContaining('good no more')])
    expect(agent.received.map(({ body }) => body.case)).toEqual(['registered'])
    expect(double.attached.has('node-1')).toBe(false)
    agent.destroy()
  })

  it('does not begin for an agent whose token ends while it registers', async () => {
    const { url, double, headers, revoke } = await start('agent')
    double.onRegister = async () => void (await revoke())
    const agent = openAgentLink(url, headers)
    agent.send({ case: 'register', value: { nodeId: 'node-1' } })
    expect(await agent.ended).toEqual(['16', expect.stringContaining('good no more')])
    expect([agent.received, double.attached.size]).toEqual([[], 0])
    agent.destroy()
  })
})
