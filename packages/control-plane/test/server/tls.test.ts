import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { request as requestHttps } from 'node:https'
import { join } from 'node:path'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { ControlPlaneService } from '@navarch/api/control-plane'
import type { TlsSpec } from '@navarch/config/navarch-config'
import { silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { openTlsCertificate } from '../../src/server/tls-certificate.ts'
import { createAuthority } from './certificates.ts'
import { openTestLogin } from './test-login.ts'
import { startTestServer } from './test-server.ts'

const authority = createAuthority()
const { ca } = authority

async function start(spec: Partial<TlsSpec> = {}, options: Parameters<typeof startTestServer>[0] = {}) {
  const clock = createManualClock()
  const files = authority.issue(`server-${Math.random().toString(36).slice(2)}`, 1)
  const tls: TlsSpec = { ...files, minVersion: 'TLSv1.2', hstsMs: 0, ...spec }
  const certificate = await openTlsCertificate(tls, { clock, log: silentLog })
  const server = await startTestServer({ tls: { certificate, hstsMs: tls.hstsMs }, ...options })
  return { ...server, clock, files: tls, certificate }
}

function get(
  url: string,
  options: object = {},
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  return new Promise((resolve, reject) => {
    requestHttps(url, { ca, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      )
    })
      .on('error', reject)
      .end()
  })
}

function openTls(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca, ...options }, () =>
      resolve(socket),
    )
    socket.on('error', reject)
  })
}

const serialOf = (socket: TLSSocket) => socket.getPeerCertificate().serialNumber

describe('a server with TLS', () => {
  it('speaks HTTP/1.1 and HTTP/2 on one port, as the client asks', async () => {
    const { url, address } = await start()
    expect(url).toMatch(/^https:/)
    expect((await get(`${url}/api/v1/nodes`)).status).toBe(200)
    const protocols: unknown[] = []
    for (const ALPNProtocols of [['h2'], ['http/1.1'], ['h2', 'http/1.1'], undefined]) {
      const socket = await openTls(address.port, ALPNProtocols ? { ALPNProtocols } : {})
      protocols.push(socket.alpnProtocol)
      socket.destroy()
    }
    expect(protocols).toEqual(['h2', 'http/1.1', 'h2', false])
  })

  it('has gRPC, with the client that programs use', async () => {
    const { url } = await start()
    const client = createClient(ControlPlaneService, createGrpcTransport({ baseUrl: url, nodeOptions: { ca } }))
    expect((await client.listNodes({})).nodes).toMatchObject([{ nodeId: 'node-1' }])
  })

  it('tells a plain request what to do', async () => {
    const { address } = await start()
    const answer = await fetch(`http://127.0.0.1:${address.port}/api/v1/nodes`)
    expect([answer.status, await answer.text()]).toEqual([
      400,
      'This port speaks HTTPS: use https:// in place of http:// in the address.\n',
    ])
    const session = connectHttp2(`http://127.0.0.1:${address.port}`)
    await new Promise((resolve) => session.once('error', resolve))
    session.destroy()
  })

  it('takes up a renewed certificate, and drops no connection for it', async () => {
    const { address, files, clock } = await start()
    const before = await openTls(address.port, { ALPNProtocols: ['http/1.1'] })
    expect(serialOf(before)).toBe('01')
    const renewed = authority.issue('renewed', 2)
    copyFileSync(renewed.certFile, files.certFile)
    await clock.advance(10_000)
    // The key is not there yet: the old pair stays.
    expect(serialOf(await openTls(address.port, {}))).toBe('01')
    copyFileSync(renewed.keyFile, files.keyFile)
    await clock.advance(10_000)
    await expect.poll(async () => serialOf(await openTls(address.port, {}))).toBe('02')
    const answer = new Promise<string>((resolve) => before.once('data', (chunk: Buffer) => resolve(chunk.toString())))
    before.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    expect(await answer).toMatch(/^HTTP\/1\.1 200/)
  })

  it('asks clients for a certificate where it is told whose', async () => {
    const { url } = await start({ clientCaFile: authority.caFile })
    await expect(get(`${url}/healthz`)).rejects.toThrow()
    const client = authority.issue('client', 7)
    const shown = { cert: readFileSync(client.certFile), key: readFileSync(client.keyFile) }
    expect((await get(`${url}/healthz`, shown)).status).toBe(200)
  })

  it('speaks no version older than the one that is set', async () => {
    const { address } = await start({ minVersion: 'TLSv1.3' })
    await expect(openTls(address.port, { maxVersion: 'TLSv1.2' })).rejects.toThrow()
    const socket = await openTls(address.port, {})
    expect(socket.getProtocol()).toBe('TLSv1.3')
    socket.destroy()
  })

  it('is there on the second port too', async () => {
    const { jobs, url } = await start({}, { jobsAddress: { host: '127.0.0.1', port: 0 } })
    const second = jobs?.problem === undefined ? (jobs?.url ?? '') : ''
    expect(second).toMatch(/^https:/)
    expect(second).not.toBe(url)
    expect((await get(`${second}/healthz`)).status).toBe(200)
    expect((await get(`${second}/api/v1/nodes`)).status).toBe(404)
    expect((await fetch(second.replace('https:', 'http:'))).status).toBe(400)
  })

  it('tells browsers to insist on it where that is wanted', async () => {
    const { url } = await start({ hstsMs: 86_400_000 })
    expect((await get(`${url}/healthz`)).headers['strict-transport-security']).toBe('max-age=86400')
    expect((await get(`${(await start()).url}/healthz`)).headers['strict-transport-security']).toBeUndefined()
  })

  it('has the safer cookie', async () => {
    const login = await openTestLogin({}, { authToken: 'secret' })
    const { url } = await start({}, { login })
    const cookie = await new Promise<unknown>((resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      requestHttps(`${url}/auth/token-login`, { ca, method: 'POST', headers }, (response) => {
        response.resume()
        resolve(response.headers['set-cookie']?.[0])
      })
        .on('error', reject)
        .end('{"token":"secret"}')
    })
    expect(cookie).toMatch(
      /^__Host-navarch-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure$/,
    )
  })

  it('ends with connections open', async () => {
    const server = await start()
    const idle = await openTls(server.address.port, { ALPNProtocols: ['h2'] })
    idle.on('error', () => {})
    await server.close(200)
  })
})

describe('a certificate', () => {
  const open = (spec: Partial<TlsSpec>) =>
    openTlsCertificate(
      { certFile: '/nowhere/tls.crt', keyFile: '/nowhere/tls.key', minVersion: 'TLSv1.2', hstsMs: 0, ...spec },
      { clock: createManualClock(), log: silentLog },
    )

  it('that cannot be used stops the start, and says what is wrong', async () => {
    const one = authority.issue('one', 3)
    const other = authority.issue('other', 4)
    await expect(open({})).rejects.toThrow(/^server\.tls\.cert_file: \/nowhere\/tls\.crt cannot be read/)
    await expect(open({ certFile: one.certFile, keyFile: other.keyFile })).rejects.toThrow(/cannot be used together/)
    const text = join(authority.dir, 'text')
    writeFileSync(text, 'this is no certificate')
    await expect(open({ certFile: text, keyFile: one.keyFile })).rejects.toThrow(/cannot be used together/)
  })
})
