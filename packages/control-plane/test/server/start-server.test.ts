import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { ControlPlaneService } from '@navarch/api/control-plane'
import { createLog } from '@navarch/system/log'
import { describe, expect, it } from 'vitest'
import { openRegisteredLink } from './agent-client.ts'
import { startTestServer } from './test-server.ts'

describe('the server', () => {
  it('names a taken port and the remedy', async () => {
    const { address } = await startTestServer()
    await expect(startTestServer({ address })).rejects.toMatchObject({
      code: 'address_in_use',
      message: `cannot listen on 127.0.0.1:${address.port}: another program has this port; end it, or choose another with --address HOST:PORT or server.address`,
    })
  })

  it('names an address that the machine does not have', async () => {
    const address = { host: '192.0.2.1', port: 0 }
    await expect(startTestServer({ address })).rejects.toMatchObject({ code: 'address_not_available' })
  })

  it('says in the log when changes are taken from loopback alone', async () => {
    const lines: string[] = []
    const log = createLog((line) => lines.push(line), { now: () => 0 })
    await startTestServer({ log })
    await startTestServer({ log, authToken: 'secret' })
    expect(lines.filter((line) => line.includes('loopback alone'))).toHaveLength(1)
    expect(lines.join('')).not.toContain('secret')
  })

  it('ends with links, followers, calls and idle connections open, and each is told', async () => {
    const server = await startTestServer()
    const agents = await Promise.all(Array.from({ length: 50 }, (_, i) => openRegisteredLink(server.url, `node-${i}`)))
    const following = await fetch(`${server.url}/api/v1/events`, { headers: { accept: 'text/event-stream' } })
    const idle = connectHttp2(server.url)
    idle.on('error', () => {})
    const silent = connect(server.address.port, '127.0.0.1')
    silent.on('error', () => {})
    await new Promise((resolve) => silent.once('connect', resolve))
    const client = createClient(ControlPlaneService, createGrpcTransport({ baseUrl: server.url }))
    const events = client.watch({ after: 0n })[Symbol.asyncIterator]()
    const watched = events.next().catch((error: unknown) => String(error))
    server.double.emit('something')
    const closed = server.close(30_000)
    expect(await following.text()).toContain('events')
    expect(new Set((await Promise.all(agents.map((agent) => agent.ended))).map(([code]) => code))).toEqual(
      new Set(['14']),
    )
    await watched
    await closed
    for (const agent of agents) agent.destroy()
  })

  it('cuts off what does not end within the grace period', async () => {
    const server = await startTestServer()
    server.double.onReport = () => new Promise(() => {})
    const agent = await openRegisteredLink(server.url)
    agent.send({ case: 'report', value: { reportId: 'r1' } })
    await server.close(50)
    await agent.ended
    agent.destroy()
  })
})
