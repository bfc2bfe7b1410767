import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { startedEvent, startJobsServer } from './jobs-server.ts'

const freePort = { host: '127.0.0.1', port: 0 }

describe("the job API's own port", () => {
  it('has the job API, its description, metrics and a probe, and nothing else', async () => {
    const { jobs } = await startJobsServer({ jobsAddress: freePort })
    const url = jobs && 'url' in jobs ? jobs.url : ''
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(startedEvent) }
    expect((await fetch(`${url}/v1/events/job-started`, post)).status).toBe(200)
    for (const path of [
      '/v1/jobs',
      '/v1/health',
      '/openapi.json',
      '/v1/openapi.json',
      '/docs',
      '/metrics',
      '/healthz',
    ]) {
      expect([path, (await fetch(`${url}${path}`)).status]).toEqual([path, 200])
    }
    for (const path of ['/api/v1/nodes', '/download/install.sh', '/navarch.ControlPlaneService/ListNodes', '/']) {
      const answer = await fetch(`${url}${path}`)
      expect([path, answer.status]).toEqual([path, 404])
      expect(await answer.json()).toMatchObject({ error: 'not_found' })
    }
  })

  it('that is taken is told with its remedy, and stops nothing', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const { jobs, get } = await startJobsServer({ jobsAddress: { host: '127.0.0.1', port } })
    expect(jobs?.problem).toContain(`cannot listen on 127.0.0.1:${port}: another program has this port`)
    expect(jobs?.problem).toContain('server.jobs_address or PORT')
    expect((await get('/v1/health')).status).toBe(200)
    await new Promise((resolve) => other.close(resolve))
  })

  it('is not opened where none is asked for', async () => {
    expect((await startJobsServer()).jobs).toBeUndefined()
  })
})

interface OpenApi {
  openapi: string
  paths: Record<string, Record<string, { responses: object }>>
}

describe('the description', () => {
  it('is OpenAPI 3.1 with every route and its errors', async () => {
    const { get } = await startJobsServer()
    const { body } = await get<OpenApi>('/openapi.json')
    expect(body.openapi).toBe('3.1.0')
    const operations = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    )
    expect(operations.sort()).toEqual([
      'delete /v1/jobs/{jobId}',
      'get /v1/audit',
      'get /v1/health',
      'get /v1/jobs',
      'get /v1/jobs/{jobId}',
      'get /v1/jobs/{jobId}/audit',
      'get /v1/jobs/{jobId}/metrics',
      'get /v1/jobs/{jobId}/report',
      'get /v1/jobs/{jobId}/runs',
      'get /v1/jobs/{jobId}/series',
      'get /v1/usage',
      'get /v1/waste',
      'patch /v1/jobs/{jobId}',
      'post /v1/events/batch',
      'post /v1/events/job-finished',
      'post /v1/events/job-started',
      'post /v1/jobs',
      'post /v1/jobs/{jobId}/metrics',
    ])
    expect(Object.keys(body.paths['/v1/jobs']?.['post']?.responses ?? {})).toEqual(
      expect.arrayContaining(['201', '400', '401', '403', '409', '413', '415', '500', '503']),
    )
  })

  it('is a page without script or anything from outside', async () => {
    const { url } = await startJobsServer()
    const answer = await fetch(`${url}/docs`)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    const page = await answer.text()
    expect(page).toContain('/v1/jobs/{jobId}/report')
    expect(page).toContain('<a href="#schema-JobReport">JobReport</a>')
    expect(page).not.toMatch(/<script|<img|<link|https?:\/\//)
  })
})
