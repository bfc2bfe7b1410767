import { PassThrough } from 'node:stream'
import { systemClock } from '@navarch/system/clock'
import { describe, expect, it } from 'vitest'
import type { Io } from './io.ts'
import { resolveSettings } from './settings.ts'

const system = '/etc/navarch/client.yaml'
const own = '/home/op/.config/navarch/client.yaml'

function ioWith(env: Io['env'], files: Record<string, string> = {}): Io {
  const sink = { write: () => {}, isTTY: false }
  return {
    stdout: sink,
    stderr: sink,
    bytes: new PassThrough(),
    env,
    home: '/home/op',
    fetch,
    clock: systemClock,
    random: () => 0,
    exists: async () => false,
    readFile: async (path) =>
      files[path] ?? Promise.reject(Object.assign(new Error('no such file'), { code: 'ENOENT' })),
    trustAnyCertificate: () => {},
    readStdin: async () => '',
    writePrivateFile: async () => {},
    trustAuthorities: () => {},
    signal: new AbortController().signal,
  }
}

describe('the control plane', () => {
  const everywhere = { [own]: 'server: own:1', [system]: 'server: system:1' }

  it.each([
    [{ server: 'flag:1' }, { NAVARCH_SERVER: 'env:1' }, everywhere, 'http://flag:1', '--server'],
    [{}, { NAVARCH_SERVER: 'env:1' }, everywhere, 'http://env:1', 'NAVARCH_SERVER'],
    [{}, {}, everywhere, 'http://own:1', own],
    [{}, {}, { [system]: 'server: system:1' }, 'http://system:1', system],
    [{}, { NAVARCH_SERVER: '' }, {}, 'http://localhost:50051', 'the default'],
  ])(
    'is chosen by flag, environment, the user, the machine, the default: %j %j',
    async (flags, env, files, server, source) => {
      expect(await resolveSettings(flags, ioWith(env, files))).toMatchObject({ server, serverSource: source })
    },
  )

  it.each([
    ['cp:50051', 'http://cp:50051'],
    ['https://cp.example.com/navarch/', 'https://cp.example.com/navarch'],
    ['[::1]:50051', 'http://[::1]:50051'],
    ['10.0.0.1:50051', 'http://10.0.0.1:50051'],
  ])('may be written as %s', async (server, url) => {
    expect((await resolveSettings({ server }, ioWith({}))).server).toBe(url)
  })

  it.each(['', 'ftp://cp', 'http://', 'http://cp?x=1', 'http://user:secret@cp', 'a b'])(
    'may not be written as %j',
    async (server) => {
      await expect(resolveSettings({ server }, ioWith({}))).rejects.toMatchObject({
        code: 2,
        message: expect.stringContaining('--server'),
      })
    },
  )
})

describe('the token', () => {
  const file = { [system]: 'server: cp:1\nauth_token: of-the-file\ninsecure: true' }

  it.each([
    [{ authToken: 'flag' }, { NAVARCH_AUTH_TOKEN: 'env', NAVARCH_TOKEN: 'old' }, 'flag'],
    [{}, { NAVARCH_AUTH_TOKEN: 'env', NAVARCH_TOKEN: 'old' }, 'env'],
    [{}, { NAVARCH_TOKEN: 'old' }, 'old'],
    [{}, {}, 'of-the-file'],
  ])('is that of flag, environment, file: %j %j', async (flags, env, token) => {
    expect((await resolveSettings(flags, ioWith(env, file))).authToken).toBe(token)
  })

  it("of a file goes to the file's server alone, and so does its trust", async () => {
    expect(await resolveSettings({ server: 'elsewhere:1' }, ioWith({}, file))).toMatchObject({
      authToken: undefined,
      insecure: false,
    })
    expect(await resolveSettings({ server: 'http://cp:1' }, ioWith({}, file))).toMatchObject({
      authToken: 'of-the-file',
      insecure: true,
    })
  })

  it('that no header can carry is refused without being shown', async () => {
    const refused = resolveSettings({ authToken: 'a b\n' }, ioWith({}))
    await expect(refused).rejects.toMatchObject({ code: 2, message: expect.not.stringContaining('a b') })
  })
})

describe('the deadline', () => {
  it.each([
    ['30s', 30_000],
    ['500ms', 500],
    ['1.5m', 90_000],
  ])('%s is %d ms', async (timeout, timeoutMs) => {
    expect((await resolveSettings({ timeout }, ioWith({}))).timeoutMs).toBe(timeoutMs)
  })

  it.each(['0s', '30', '-1s', 'soon', '2h', ''])('%j is refused', async (timeout) => {
    await expect(resolveSettings({ timeout }, ioWith({}))).rejects.toMatchObject({ code: 2 })
  })
})
