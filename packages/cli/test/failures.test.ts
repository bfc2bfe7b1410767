import { createServer } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ControlPlaneDouble, deadAddress, startControlPlaneDouble } from './control-plane-double.ts'
import { node } from './fleet.ts'
import { runCli } from './run-cli.ts'

let double: ControlPlaneDouble
beforeEach(async () => {
  double = await startControlPlaneDouble({ nodes: [node('gpu-node-001')] })
})
afterEach(() => double[Symbol.asyncDispose]())

describe('a control plane that cannot be reached', () => {
  it('is told with its address and what chose it, with status 4', async () => {
    const address = await deadAddress()
    const { code, stdout, stderr } = await runCli(['list', '-s', address])
    expect([code, stdout]).toEqual([4, ''])
    expect(stderr).toContain(`http://${address}`)
    expect(stderr).toContain('--server')
    expect(stderr).toContain('connection refused')
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2)
  })

  it('is one that does not answer within --timeout', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : 0
    const { code, stderr } = await runCli(['list', '--timeout', '50ms'], { server: `127.0.0.1:${port}` })
    expect([code, stderr]).toEqual([4, expect.stringContaining('no answer within')])
    silent.closeAllConnections()
    silent.close()
  })
})

describe('a refusal of the event stream that never ends', () => {
  it('is given up at the deadline', async () => {
    const stuck = createServer((request, response) => {
      if (request.headers.accept === 'text/event-stream') response.writeHead(500).write('{')
      else response.writeHead(200, { 'content-type': 'application/json' }).end('[]')
    })
    await new Promise<void>((resolve) => stuck.listen(0, '127.0.0.1', resolve))
    const address = stuck.address()
    const port = typeof address === 'object' ? address?.port : 0
    const args = ['events', '--follow', '--timeout', '300ms']
    const { code, stderr } = await runCli(args, { server: `127.0.0.1:${port}` })
    expect([code, stderr]).toEqual([4, expect.stringContaining('no answer within')])
    stuck.closeAllConnections()
    stuck.close()
  })
})

describe('what something else answers', () => {
  it.each([
    ['text/html', '<html>'],
    ['application/json', '{"nodes":[]}'],
    ['application/json', 'null'],
  ])('is not taken for a fleet: %s %s', async (type, body) => {
    const other = createServer((_, response) => response.writeHead(200, { 'content-type': type }).end(body))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : 0
    const { code, stdout, stderr } = await runCli(['list', '-o', 'json'], { server: `127.0.0.1:${port}` })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain('Navarch control plane')
    other.closeAllConnections()
    other.close()
  })
})

describe('a proxy whose control plane is away', () => {
  it('is told as a control plane that cannot be reached', async () => {
    const proxy = createServer((_, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>'))
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const address = proxy.address()
    const port = typeof address === 'object' ? address?.port : 0
    expect(await runCli(['list'], { server: `127.0.0.1:${port}` })).toMatchObject({ code: 4, stdout: '' })
    proxy.closeAllConnections()
    proxy.close()
  })
})

describe('a refusal', () => {
  it.each([
    ['unauthorized', 1, /--auth-token/],
    ['forbidden', 1, /no/],
    ['conflict', 1, /no/],
    ['internal', 1, /no/],
    ['invalid', 2, /no/],
    ['not_found', 3, /no/],
    ['unavailable', 4, /no/],
  ] as const)('%s answers %d', async (code, expected, text) => {
    double.refuse = { code, message: 'no, because' }
    const run = await runCli(['cordon', 'gpu-node-001'], { server: double.url })
    expect([run.code, run.stdout]).toEqual([expected, ''])
    expect(run.stderr).toMatch(text)
  })
})

describe('wrong usage', () => {
  it.each([
    [['lst'], /Did you mean .*list/],
    [['pool', 'explian', 'x'], /Did you mean explain\?/],
    [['list', '--pol', 'x'], /Did you mean --pool\?/],
    [['list', '-o', 'xml'], /table, wide, json, yaml/],
    [['get'], /node/],
    [['list', '--timeout', 'soon'], /--timeout.*soon/],
    [['list', '-s', 'ftp://x'], /--server.*ftp:\/\/x/],
    [['events', '--after', 'now'], /--after/],
    [['completion', 'tcsh'], /bash, zsh, fish/],
  ])('%j answers 2 and says what was meant', async (args, text) => {
    const { code, stdout, stderr } = await runCli(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(text)
  })
})

describe('the token', () => {
  const authorization = () => double.requests.at(-1)?.headers.authorization
  const home = '/home/operator/.config/navarch/client.yaml'

  it('comes from the flag, then the environment, and is sent as a bearer token', async () => {
    await runCli(['list', '--auth-token', 'flag'], { server: double.url, env: { NAVARCH_AUTH_TOKEN: 'env' } })
    expect(authorization()).toBe('Bearer flag')
    await runCli(['list'], { server: double.url, env: { NAVARCH_AUTH_TOKEN: 'env', NAVARCH_TOKEN: 'old' } })
    expect(authorization()).toBe('Bearer env')
    await runCli(['list'], { server: double.url, env: { NAVARCH_TOKEN: 'old' } })
    expect(authorization()).toBe('Bearer old')
    await runCli(['list'], { server: double.url })
    expect(authorization()).toBeUndefined()
  })

  it('of a file goes to that file’s server alone', async () => {
    await runCli(['list'], { files: { [home]: `server: ${double.url}\nauth_token: secret\n` } })
    expect(authorization()).toBe('Bearer secret')
    const other = { [home]: 'server: http://elsewhere:50051\nauth_token: secret\n' }
    await runCli(['list'], { server: double.url, files: other })
    expect(authorization()).toBeUndefined()
  })

  it('is never in an error', async () => {
    const files = { [home]: `server: ${double.url}\nauth_token: [secret]\n` }
    const { code, stderr } = await runCli(['list'], { files })
    expect([code, stderr]).toEqual([2, expect.stringContaining(home)])
    expect(stderr).not.toContain('secret')
  })
})

describe('the address', () => {
  it('of the machine’s file serves where nothing else is given', async () => {
    const files = { '/etc/navarch/client.yaml': `server: "${double.url}"\n` }
    expect((await runCli(['list', '-o', 'json'], { files })).code).toBe(0)
    expect((await runCli(['list'], { files, env: { NAVARCH_SERVER: await deadAddress() } })).code).toBe(4)
  })

  it('is localhost:50051 in the end', async () => {
    const { stderr, code } = await runCli(['list', '--timeout', '1ms'])
    expect(code).toBe(4)
    expect(stderr).toContain('http://localhost:50051')
  })
})
