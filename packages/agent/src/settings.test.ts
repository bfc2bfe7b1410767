import { describe, expect, it } from 'vitest'
import { parseSettingsFile, type RawSettings, resolveSettings } from './settings.ts'

const defaults = {
  hostname: 'gpu-node-001.example.com',
  stateDir: '/var/lib/navarch-node',
  hooksDir: '/var/lib/navarch/hooks',
  runDir: '/run/navarch',
}
const resolve = (flags: RawSettings, file: RawSettings = {}, env: Record<string, string> = {}) =>
  resolveSettings(flags, file, env, defaults)

describe('resolveSettings', () => {
  it('needs nothing to be set', () => {
    expect(resolve({})).toMatchObject({
      server: 'http://localhost:50051',
      nodeId: 'gpu-node-001',
      stateDir: '/var/lib/navarch-node',
      sampleIntervalMs: 15_000,
      authToken: undefined,
    })
  })

  it('lets flags win over the file', () => {
    expect(resolve({ pool: 'a' }, { pool: 'b', zone: 'z' })).toMatchObject({ pool: 'a', zone: 'z' })
  })

  it("keeps a second agent of a machine out of the first one's folders", () => {
    expect(resolve({})).toMatchObject({ hooksDir: '/var/lib/navarch/hooks', runDir: '/run/navarch' })
    expect(resolve({ stateDir: '/tmp/a' })).toMatchObject({ hooksDir: '/tmp/a/hooks', runDir: '/tmp/a/run' })
    expect(resolve({ stateDir: '/tmp/a', hooksDir: '/h', runDir: 'none' })).toMatchObject({
      hooksDir: '/h',
      runDir: undefined,
    })
  })

  it('answers scrapers on port 9400, and tells exporters of jobs, where nothing was set', () => {
    expect(resolve({})).toMatchObject({ metricsAddress: { port: 9400 }, gpuJobsDir: '/run/navarch/gpu-jobs' })
    expect(resolve({ metricsAddress: '[::1]:9401', gpuJobsDir: '/run/dcgm' })).toMatchObject({
      ...{ metricsAddress: { host: '::1', port: 9401 }, gpuJobsDir: '/run/dcgm' },
    })
    const none = { metricsAddress: undefined, gpuJobsDir: undefined }
    expect(resolve({ metricsAddress: 'none', gpuJobsDir: 'none' })).toMatchObject(none)
    expect(resolve({ runDir: 'none' }).gpuJobsDir).toBeUndefined()
  })

  it('takes the token from the flag, then the environment, then the file', () => {
    const env = { NAVARCH_AUTH_TOKEN: 'environment' }
    expect(resolve({ authToken: 'flag' }, { authToken: 'file' }, env).authToken).toBe('flag')
    expect(resolve({}, { authToken: 'file' }, env).authToken).toBe('environment')
    expect(resolve({}, { authToken: 'file' }).authToken).toBe('file')
  })

  it.each([
    ['control-plane:50051', 'http://control-plane:50051'],
    ['https://control-plane', 'https://control-plane'],
    ['http://[::1]:50051/', 'http://[::1]:50051'],
  ])('reads the server address %j', (server, origin) => {
    expect(resolve({ server }).server).toBe(origin)
  })

  it.each([
    [{ server: 'ftp://x' }, /server "ftp:\/\/x": must be an address/],
    [{ server: 'http://' }, /must be an address/],
    [{ nodeId: 'a b' }, /node id "a b": must be letters/],
    [{ nodeId: '../x' }, /node id/],
    [{ sampleInterval: '5' }, /sample interval "5": must be a duration/],
    [{ metricsAddress: '9400x' }, /metrics address "9400x": must be an address such as ":9400"/],
    [{ sampleInterval: '10ms' }, /between 1s and 1h/],
  ])('refuses %j', (flags: RawSettings, message) => {
    expect(() => resolve(flags)).toThrow(message)
  })
})

describe('parseSettingsFile', () => {
  it('reads keys with underscores', () => {
    expect(parseSettingsFile('agent.yaml', 'server: http://cp:50051\nnode_id: 7\nauth_token: "x"\n')).toEqual({
      server: 'http://cp:50051',
      nodeId: '7',
      authToken: 'x',
    })
    expect(parseSettingsFile('agent.yaml', '# nothing\n')).toEqual({})
  })

  it.each([
    ['nodeid: x', /agent.yaml: nodeid: no such setting; known are server, node_id/],
    ['server: [a]', /agent.yaml: server: must be text/],
    ['- a', /agent.yaml: must hold keys/],
    ['a: b: c', /agent.yaml: .*line 1/],
  ])('refuses %j', (text, message) => {
    expect(() => parseSettingsFile('agent.yaml', text)).toThrow(message)
  })
})
