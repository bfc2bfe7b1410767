import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { createDashboardFiles, isPagePath } from './dashboard-files.ts'

const root = mkdtempSync(join(tmpdir(), 'navarch-dashboard-'))
afterAll(() => rmSync(root, { recursive: true }))

function build(name: string, script: string): string {
  const dir = join(root, name)
  mkdirSync(join(dir, 'assets'), { recursive: true })
  writeFileSync(join(dir, 'index.html'), `<!doctype html><script type="module" src="/assets/${script}"></script>`)
  writeFileSync(join(dir, 'assets', script), `console.log('${script}')`)
  writeFileSync(join(dir, 'assets', `${script}.gz`), gzipSync(`console.log('${script}')`))
  return dir
}

const dir = build('one', 'main-1.js')
writeFileSync(join(root, 'secret'), 'not for anybody')
const files = createDashboardFiles(dir)
const get = (path: string, { accept = 'text/html', encoding = '', method = 'GET', etag = '' } = {}) =>
  files.answer({ method, path, accept, acceptEncoding: encoding, ifNoneMatch: etag || undefined })

describe('the files of the dashboard', () => {
  it.each(['/', '/nodes', '/nodes/train-003.cluster.example', '/jobs/812', '/operations/op1'])(
    'has the page at %s',
    (path) => {
      expect(get(path)).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
      expect(get(path)?.headers['cache-control']).toBe('no-cache')
    },
  )

  it.each([
    '/api/v1/nodes',
    '/v1/jobs',
    '/auth/login',
    '/metrics',
    '/healthz',
    '/readyz',
    '/docs',
    '/openapi.json',
    '/download/install.sh',
    '/navarch.ControlPlaneService/ListNodes',
    '/grpc.health.v1.Health/Check',
  ])('leaves %s to what is behind it', (path) => {
    expect(get(path)).toBeUndefined()
  })

  it('leaves everything to what is behind it where a program asks that did not ask for a page', () => {
    expect(get('/', { accept: '*/*' })).toBeUndefined()
    expect(get('/nodes', { accept: 'application/json' })).toBeUndefined()
    expect(get('/', { method: 'POST' })).toBeUndefined()
  })

  it('lets browsers keep what has its hash in its name, and ask again for what has not', () => {
    expect(get('/assets/main-1.js', { accept: '*/*' })?.headers['cache-control']).toBe(
      'public, max-age=31536000, immutable',
    )
    expect(get('/assets/main-2.js', { accept: '*/*' })).toMatchObject({
      status: 404,
      headers: { 'cache-control': 'no-store' },
    })
  })

  it('sends what is compressed to those who take it', () => {
    const plain = get('/assets/main-1.js')
    const gzip = get('/assets/main-1.js', { encoding: 'deflate, gzip;q=0.5, br' })
    expect(plain?.headers['content-encoding']).toBeUndefined()
    expect(gzip?.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' })
    expect(gunzipSync(gzip?.body ?? Buffer.alloc(0))).toEqual(plain?.body)
    expect(gzip?.headers['etag']).not.toBe(plain?.headers['etag'])
    expect(get('/assets/main-1.js', { encoding: 'gzip;q=0' })?.headers['content-encoding']).toBeUndefined()
  })

  it('sends nothing twice', () => {
    const etag = get('/')?.headers['etag'] ?? ''
    expect(get('/', { etag })).toEqual({ status: 304, headers: expect.objectContaining({ etag }) })
    expect(get('/', { etag: `"other", W/${etag}` })?.status).toBe(304)
    expect(get('/', { etag: '"other"' })?.status).toBe(200)
  })

  it('answers HEAD without a body', () => {
    expect(get('/', { method: 'HEAD' })?.body).toBeUndefined()
    expect(get('/', { method: 'HEAD' })?.headers['content-length']).toBe(String(get('/')?.body?.length))
  })

  it('runs nothing but its own scripts, and is framed by nobody', () => {
    for (const path of ['/', '/assets/main-1.js', '/assets/main-2.js']) {
      const policy = get(path)?.headers['content-security-policy'] ?? ''
      expect(policy).toContain("script-src 'self'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toMatch(/unsafe|\*/)
      expect(get(path)?.headers['x-content-type-options']).toBe('nosniff')
    }
  })

  it('has nothing but what is in the folder, whatever the path', () => {
    const pieces = [
      '..',
      '%2e%2e',
      '.',
      'assets',
      'secret',
      '%2f',
      '\\',
      'one',
      '',
      '\0',
      'index.html',
      'etc',
      'passwd',
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 8 }), (parts) => {
        const answer = get(`/${parts.join('/')}`)
        const known = [get('/')?.body, get('/assets/none')?.body]
        if (answer?.body) expect(known).toContainEqual(answer.body)
      }),
    )
    expect(get('/assets/../../secret')?.status).toBe(404)
  })

  it('takes up a new build, and does without a folder that is not there', () => {
    const fresh = build('two', 'main-a.js')
    const served = createDashboardFiles(fresh)
    const ask = (path: string) =>
      served.answer({ method: 'GET', path, accept: 'text/html', acceptEncoding: '', ifNoneMatch: undefined })
    expect(ask('/')?.body?.toString()).toContain('main-a.js')
    build('two', 'main-b.js')
    utimesSync(join(fresh, 'index.html'), 1, 1)
    expect(ask('/assets/main-b.js')?.status).toBe(200)
    expect(ask('/')?.body?.toString()).toContain('main-b.js')
    rmSync(fresh, { recursive: true })
    expect(ask('/')).toBeUndefined()
    expect(
      createDashboardFiles(undefined).answer({
        method: 'GET',
        path: '/',
        accept: 'text/html',
        acceptEncoding: '',
        ifNoneMatch: undefined,
      }),
    ).toBeUndefined()
  })

  it('knows a page by its path, with names of nodes that have dots', () => {
    expect(isPagePath('/nodes/gpu-1.example.com')).toBe(true)
    expect(isPagePath('/navarch.ControlPlaneService/listNodes')).toBe(false)
    expect(isPagePath('/apiary')).toBe(true)
    expect(isPagePath('/api')).toBe(false)
  })
})
