import { createServer } from 'node:http'
import type { SessionUserJson } from '@navarch/api/auth'
import { afterEach, describe, expect, it } from 'vitest'
import { deadAddress } from './control-plane-double.ts'
import { runCli } from './run-cli.ts'

const home = '/home/operator/.config/navarch/client.yaml'
const token = 'nvt_0123456789ab_secret'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

/** A control plane of which nothing is asked but who one is; `/auth/logout` ends the login. */
async function startDouble({ user, endsBy }: { user: SessionUserJson; endsBy: 'login' | 'hand' }) {
  const asked: string[] = []
  let held: SessionUserJson | null = user
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    if (request.url === '/auth/logout' && endsBy === 'login') held = null
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ access: 'login', user: held, csrf_token: null, login: { oidc: null } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, asked }
}

const ana: SessionUserJson = { name: 'ana', role: 'operator', via: 'api-token' }

describe('navarch logout', () => {
  it('has the control plane revoke what a login made, and forgets it; all else in the file stays', async () => {
    const { url, asked } = await startDouble({ user: ana, endsBy: 'login' })
    const options = { files: { [home]: `# mine\nserver: ${url}\nauth_token: ${token}\ninsecure: true\n` } }
    const { code, stdout, stderr } = await runCli(['logout'], options)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`Logged out at ${url}`)
    expect(asked).toEqual([`POST /auth/logout Bearer ${token}`])
    expect(options.files[home]).toBe(`# mine\nserver: ${url}\ninsecure: true\n`)
  })

  it('says that a token which no login made stays good, and what is still used', async () => {
    const { url } = await startDouble({ user: ana, endsBy: 'hand' })
    const files = { [home]: `server: ${url}\nauth_token: ${token}\n` }
    const { code, stderr } = await runCli(['logout'], { files, env: { NAVARCH_AUTH_TOKEN: 'another' } })
    expect([code, stderr]).toEqual([
      0,
      'The token of ana was not made by a login here, and stays good elsewhere\nNAVARCH_AUTH_TOKEN is set, and still used\n',
    ])
  })

  it('forgets the login where the control plane is away, and says that it holds there', async () => {
    const options = { files: { [home]: `server: ${await deadAddress()}\nauth_token: ${token}\n` } }
    const { code, stderr } = await runCli(['logout'], options)
    expect([code, stderr]).toEqual([4, expect.stringContaining('has forgotten the login')])
    expect(stderr).not.toContain(token)
    expect(options.files[home]).not.toContain(token)
  })

  it('touches nothing when the login is for another server, or there is none', async () => {
    const options = { files: { [home]: `server: cp:1\nauth_token: ${token}\n` } }
    const other = await runCli(['logout', '--server', 'other:1'], options)
    expect([other.code, other.stderr]).toEqual([
      2,
      expect.stringContaining('is for http://cp:1, not for http://other:1'),
    ])
    expect(options.files[home]).toContain(token)
    const none = await runCli(['logout'])
    expect([none.code, none.stdout]).toEqual([0, `Nobody is logged in: ${home} has no token\n`])
  })
})

describe('navarch login', () => {
  it('takes over nothing that another server was trusted with', async () => {
    const { url } = await startDouble({ user: ana, endsBy: 'login' })
    const options = {
      files: { [home]: 'server: https://old.example\ninsecure: true\ntls_ca: /old.pem\n', '/old.pem': '' },
      stdin: `${token}\n`,
    }
    const { code, stderr } = await runCli(['login', '--with-token', '--server', url], options)
    expect([code, stderr]).toEqual([0, ''])
    expect(options.files[home]).toBe(`server: ${url}\nauth_token: ${token}\n`)
  })
})
