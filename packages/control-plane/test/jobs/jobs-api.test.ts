import { type AuditEntryJson, type JobListJson, type JobReportJson, jobRoutes } from '@navarch/api/jobs'
import type { JobRecorded, SlurmJobFacts } from '@navarch/core/job/job-event'
import { silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import type { JobServiceDeps } from '../../src/services/jobs/job-deps.ts'
import { emptyJobStore } from '../job-service-over.ts'
import { changeHeaders, finishedEvent, startedEvent, startJobsServer } from './jobs-server.ts'

const fail = () => Promise.reject(new Error('jobs.db: the disk is full at sector 7'))
const brokenStore = { ...emptyJobStore, list: fail, apply: fail }

const newJob = { id: '7', user: 'bob', nodes: ['n1'] }

describe('a job that waits', () => {
  const submitTime = Date.parse('2026-03-01T12:00:00Z')
  const pending = (jobId: string, record: Partial<SlurmJobFacts>): JobRecorded => ({
    kind: 'recorded',
    job: { cluster: 'default', jobId, restart: 0 },
    ...{ at: submitTime + 5_000, receivedAt: submitTime + 5_000 },
    origin: { changedBy: 'slurm', source: 'scheduler', correlationId: 'c-1' },
    record: { state: 'PENDING', from: 'squeue', user: 'mary', submitTime, ...record },
  })
  const held = pending('1004', { reason: 'JobHeldUser', requested: { nodes: 2, gpus: 16, cpus: 256 } })

  it('has not started: it has no start, the time of its submission and what it asks for', async () => {
    const { get, store } = await startJobsServer()
    // Slurm's guess of a start is none.
    await store.apply([{ ...held, record: { ...held.record, startTime: submitTime + 3_600_000 } }])
    const { body } = await get('/v1/jobs/1004')
    expect(body).toMatchObject({
      ...{ state: 'pending', start_time: null, runtime_seconds: 0 },
      ...{ requested_nodes: 2, requested_gpus: 16, requested_cpus: 256 },
      scheduler: { submit_time: '2026-03-01T12:00:00.000Z', state_reason: 'JobHeldUser' },
    })
  })

  it('says why in plain words, and what would make it start', async () => {
    const { get, store } = await startJobsServer()
    await store.apply([held])
    const { body } = await get<JobReportJson>('/v1/jobs/1004/report')
    expect(body.verdict.sentence).toBe('Job 1004 waits: its user holds it (JobHeldUser).')
    expect(body.notes).toEqual([{ severity: 'warning', text: 'Release it: scontrol release 1004' }])
  })

  it('says what it waits for as Slurm has it now, else as it was stored', async () => {
    const look = new Map<number, string>()
    const dependency = ({ restart }: { restart: number }) => look.get(restart)
    const { get, store } = await startJobsServer({ deps: { dependency } })
    const stored = 'afterok:5(unfulfilled),afterok:6(unfulfilled)'
    await store.apply([pending('1005', { reason: 'Dependency', dependency: stored })])
    const sentence = async () => (await get<JobReportJson>('/v1/jobs/1005/report')).body.verdict.sentence
    expect(await sentence()).toContain(`another job to end: ${stored} (`)
    look.set(0, 'afterok:6(unfulfilled)')
    expect(await sentence()).toContain('another job to end: afterok:6(unfulfilled) (')
  })

  it.each(['1001_[9-40%8]', '1001_9-40', '1001_[7-40%8]', '1001_12', '1001'])(
    'as tasks 9 to 40 of array 1001 answers to %s',
    async (id) => {
      const { get, store } = await startJobsServer()
      await store.apply([pending('1001', { group: { arrayJobId: 1001, arrayTask: '9-40' } })])
      expect((await get(`/v1/jobs/${encodeURIComponent(id)}`)).body).toMatchObject({
        ...{ id: '1001', array_job_id: 1001, array_task_id: '9-40' },
      })
    },
  )

  it('does not answer for a task that is not in its list', async () => {
    const { get, store } = await startJobsServer()
    await store.apply([pending('1001', { group: { arrayJobId: 1001, arrayTask: '9-40' } })])
    expect((await get('/v1/jobs/1001_3')).status).toBe(404)
    expect((await get('/v1/jobs/1002_%5B9-40%5D')).status).toBe(404)
  })
})

describe('jobs made by hand', () => {
  it('are made, changed and removed, each change with a row in the audit', async () => {
    const { get, send } = await startJobsServer()
    const scheduler = { type: 'mock', partition: 'gpu', external_job_id: 'x-7', extra: { project: 'a' } }
    const created = await send('POST', '/v1/jobs', { ...newJob, scheduler })
    expect(created).toMatchObject({
      status: 201,
      body: { id: '7', state: 'running', ingest_version: 'api-v1', nodes: ['n1'], scheduler },
    })
    expect(await send('PATCH', '/v1/jobs/7', { cpu_usage: 50, memory_usage_mb: 10.5 })).toMatchObject({
      status: 200,
      body: { cpu_usage: 50, memory_usage_mb: 10.5, state: 'running' },
    })
    expect(await send('DELETE', '/v1/jobs/7')).toEqual({ status: 204, body: undefined })
    expect((await get('/v1/jobs/7')).status).toBe(404)
    const { body: audit } = await get<AuditEntryJson[]>('/v1/audit?job=7')
    expect(audit.map(({ change, changed_by, source }) => [change, changed_by, source])).toEqual([
      ['deleted', 'alice', 'api'],
      ['changed', 'alice', 'api'],
      ['created', 'alice', 'api'],
    ])
  })

  it('are in the log when they change, and not when they tell their figures', async () => {
    const lines: unknown[] = []
    const info = (msg: string, fields?: object) => void lines.push({ msg, ...fields })
    const { send } = await startJobsServer({ log: { ...silentLog, info } })
    lines.length = 0
    await send('POST', '/v1/jobs', newJob)
    expect(await send('POST', '/v1/jobs/7/metrics', { cpu_usage: 1, memory_usage_mb: 1 })).toMatchObject({
      status: 201,
    })
    await send('DELETE', '/v1/jobs/7')
    const by = 'somebody on this machine'
    expect(lines).toEqual([
      { msg: 'changed', by, request: 'POST /v1/jobs' },
      { msg: 'changed', by, request: 'DELETE /v1/jobs/7' },
    ])
  })

  it('keep their final state', async () => {
    const { send } = await startJobsServer()
    await send('POST', '/v1/jobs', newJob)
    expect((await send('PATCH', '/v1/jobs/7', { state: 'completed' })).body).toMatchObject({ state: 'completed' })
    expect(await send('PATCH', '/v1/jobs/7', { state: 'running', cpu_usage: 1 })).toMatchObject({
      status: 200,
      body: { state: 'completed' },
    })
  })

  it('are refused when there is one of the id already, and changed when there is one', async () => {
    const { send } = await startJobsServer()
    await send('POST', '/v1/jobs', newJob)
    expect(await send('POST', '/v1/jobs', newJob)).toMatchObject({ status: 409, body: { error: 'conflict' } })
    for (const [method, path, body] of [
      ['PATCH', '/v1/jobs/8', {}],
      ['DELETE', '/v1/jobs/8', undefined],
      ['POST', '/v1/jobs/8/metrics', { cpu_usage: 1, memory_usage_mb: 1 }],
    ] as const) {
      expect(await send(method, path, body)).toMatchObject({ status: 404, body: { error: 'not_found' } })
    }
  })

  it('are removed with all their runs, or one run alone', async () => {
    const { get, send } = await startJobsServer()
    for (const restart of [0, 1, 2]) await send('POST', jobRoutes.jobStarted, { ...startedEvent, restart })
    expect((await send('DELETE', '/v1/jobs/99999-r1')).status).toBe(204)
    expect((await get('/v1/jobs/99999/runs')).body).toMatchObject([{ restart: 2 }, { restart: 0 }])
    expect((await send('DELETE', '/v1/jobs/99999')).status).toBe(204)
    expect((await get('/v1/jobs')).body.total).toBe(0)
  })

  it('stay removed when late events come', async () => {
    const { get, send } = await startJobsServer()
    await send('POST', jobRoutes.jobStarted, startedEvent)
    await send('DELETE', '/v1/jobs/99999')
    expect((await send('POST', jobRoutes.jobFinished, finishedEvent)).body).toMatchObject({ status: 'skipped' })
    expect((await get('/v1/jobs/99999')).status).toBe(404)
  })

  it('send the correlation id back, and make one where there is none', async () => {
    const { url } = await startJobsServer()
    const post = (id: string, headers: Record<string, string>) =>
      fetch(`${url}/v1/jobs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...changeHeaders, ...headers },
        body: JSON.stringify({ ...newJob, id }),
      })
    expect((await post('1', { 'x-correlation-id': 'c-9' })).headers.get('x-correlation-id')).toBe('c-9')
    expect((await post('2', {})).headers.get('x-correlation-id')).toMatch(/^id-\d+$/)
  })
})

describe('samples recorded by hand', () => {
  it('are listed, and are what the job used', async () => {
    const clock = createManualClock(Date.UTC(2026, 2, 1))
    const { get, send } = await startJobsServer({ deps: { clock } })
    await send('POST', '/v1/jobs', newJob)
    for (const [cpu_usage, memory_usage_mb, gpu_usage] of [
      [20, 100, 50],
      [40, 300, undefined],
    ]) {
      await clock.advance(60_000)
      const answer = await send('POST', '/v1/jobs/7/metrics', { cpu_usage, memory_usage_mb, gpu_usage })
      expect(answer).toMatchObject({ status: 201, body: { cpu_usage, memory_usage_mb } })
    }
    expect((await get('/v1/jobs/7/metrics')).body).toEqual({
      job_id: '7',
      samples: [
        { timestamp: '2026-03-01T00:01:00.000Z', cpu_usage: 20, memory_usage_mb: 100, gpu_usage: 50 },
        { timestamp: '2026-03-01T00:02:00.000Z', cpu_usage: 40, memory_usage_mb: 300 },
      ],
      total: 2,
    })
    const window = '?start_time=2026-03-01T00:01:30Z&end_time=2026-03-01T00:10:00Z&limit=1'
    expect((await get(`/v1/jobs/7/metrics${window}`)).body).toMatchObject({ samples: [{ cpu_usage: 40 }], total: 1 })
    expect((await get('/v1/jobs/7')).body).toMatchObject({
      ...{ sample_count: 2, last_sample_at: '2026-03-01T00:02:00.000Z', cpu_usage: 40, memory_usage_mb: 300 },
      ...{ avg_cpu_usage: 30, max_cpu_usage: 40, max_memory_usage_mb: 300, avg_gpu_usage: 50, max_gpu_usage: 50 },
    })
  })
})

describe('the list of jobs', () => {
  it('is filtered, newest first, by pages', async () => {
    const { get, send } = await startJobsServer()
    for (const [index, user] of ['alice', 'bob', 'alice'].entries()) {
      const start = { job_id: `${index + 1}`, user, node_list: [`n${index}`], timestamp: `2026-03-01T1${index}:00:00Z` }
      await send('POST', jobRoutes.jobStarted, { ...startedEvent, ...start })
    }
    await send('POST', jobRoutes.jobFinished, { ...finishedEvent, job_id: '1', timestamp: '2026-03-01T10:30:00Z' })
    const ids = async (query: string) => (await get<JobListJson>(`/v1/jobs${query}`)).body.jobs.map(({ id }) => id)
    expect(await ids('')).toEqual(['3', '2', '1'])
    expect(await ids('?user=alice')).toEqual(['3', '1'])
    expect(await ids('?state=completed')).toEqual(['1'])
    expect(await ids('?node=n1')).toEqual(['2'])
    expect(await ids('?partition=cpu')).toEqual([])
    expect(await ids('?account=physics&limit=1&offset=1')).toEqual(['2'])
    expect(await ids('?to=2026-03-01T10:45:00Z')).toEqual(['1'])
    expect((await get('/v1/jobs?limit=2')).body).toMatchObject({ total: 3, limit: 2, offset: 0 })
  })
})

describe('sums over jobs', () => {
  it('tell what users held, and who holds GPUs in vain', async () => {
    const { get, send } = await startJobsServer()
    await send('POST', jobRoutes.jobStarted, startedEvent)
    await send('POST', jobRoutes.jobFinished, { ...finishedEvent, timestamp: '2026-03-01T13:00:00Z' })
    const { body } = await get('/v1/usage?by=account&start_time=2026-03-01T12:30:00Z&end_time=2026-03-02T00:00:00Z')
    expect(body).toMatchObject({
      by: 'account',
      rows: [{ name: 'physics', jobs: 1, cpu_hours: 2, gpu_hours: 0.5, cpu_hours_used: null }],
    })
    expect((await get('/v1/waste')).body).toEqual([])
  })
})

describe('a body', () => {
  it('is taken without its length told, up to the limit', async () => {
    const { url } = await startJobsServer()
    const post = (...parts: string[]) => {
      const headers = { 'content-type': 'application/json', ...changeHeaders }
      const body = new Blob(parts).stream()
      const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' }
      return fetch(`${url}/v1/jobs`, init)
    }
    expect((await post('{"id":"7",', '"user":"a","nodes":["n1"]}')).status).toBe(201)
    expect((await post('"', 'x'.repeat(3 * 2 ** 20), '"')).status).toBe(413)
  })
})

describe('a request that is wrong', () => {
  it.each([
    ['GET', '/v1/jobs?stat=running', undefined, 400, 'unknown key "stat"; did you mean state?'],
    ['GET', '/v1/jobs?state=done', undefined, 400, 'state must be one of pending, running, completed'],
    ['GET', '/v1/jobs?limit=0', undefined, 400, 'limit must be a whole number from 1 to 1000, not "0"'],
    ['GET', '/v1/jobs?limit=1&limit=2', undefined, 400, 'limit must be a whole number from 1 to 1000, not ["1","2"]'],
    ['GET', '/v1/jobs?from=monday', undefined, 400, 'from must be a time such as'],
    ['GET', '/v1/jobs/7?x=1', undefined, 400, 'unknown key "x"; none is known here'],
    ['GET', '/v1/jobs/7', undefined, 404, 'job not found: 7'],
    ['GET', '/v1/jobs/%00', undefined, 404, 'job not found'],
    ['GET', '/v1/jobs/7/audit', undefined, 404, 'job not found: 7'],
    ['GET', '/v1/nothing', undefined, 404, 'no such route: GET /v1/nothing; /docs lists what there is'],
    ['PUT', '/v1/jobs/7', {}, 405, 'PUT is not for /v1/jobs/7'],
    [
      'POST',
      '/v1/jobs',
      { ...newJob, state: 'running' },
      400,
      'unknown key "state"; known: id, user, nodes, scheduler',
    ],
    ['POST', '/v1/jobs', { ...newJob, nodes: [] }, 400, 'nodes must name at least one node, not []'],
    ['POST', '/v1/jobs', { ...newJob, id: '7-r1' }, 400, 'would name a part of another job'],
    ['POST', '/v1/jobs', { ...newJob, scheduler: { type: 'pbs' } }, 400, 'scheduler.type must be one of mock, slurm'],
    ['POST', '/v1/jobs', '{', 400, 'JSON'],
    ['PATCH', '/v1/jobs/7', { cpu_usage: 101 }, 400, 'cpu_usage must be a number from 0 to 100, not 101'],
  ])('%s %s %j is refused with %i', async (method, path, body, status, message) => {
    const { get, send } = await startJobsServer()
    const answer = await send(method, path, body)
    expect(answer).toMatchObject({ status, body: { message: expect.stringContaining(message) } })
    expect((await get('/v1/jobs')).body.total).toBe(0)
  })

  it.each([{}, { 'x-changed-by': 'a' }, { 'x-changed-by': '', 'x-source': 'api' }])(
    'does not say who makes a change: %j',
    async (headers) => {
      const { send } = await startJobsServer()
      expect(await send('POST', '/v1/jobs', newJob, headers)).toMatchObject({
        status: 400,
        body: { error: 'validation_error', message: expect.stringContaining('headers: x-') },
      })
    },
  )

  it('is answered without internals when the store fails', async () => {
    const { get, send } = await startJobsServer({ deps: { store: brokenStore } })
    const unavailable = {
      status: 503,
      body: { error: 'unavailable', message: expect.not.stringMatching(/jobs\.db|sector/) },
    }
    expect(await get('/v1/jobs')).toEqual(unavailable)
    expect(await send('POST', jobRoutes.jobStarted, startedEvent)).toEqual(unavailable)
  })
})

describe('the health of the service', () => {
  it('is what its store and the control plane say', async () => {
    const health = async (deps: Partial<JobServiceDeps>) => {
      const { get } = await startJobsServer({ deps })
      return (await get('/v1/health')).body
    }
    const rest = { timestamp: expect.stringMatching(/Z$/), version: '0.1.0' }
    expect(await health({})).toEqual({ status: 'healthy', ...rest })
    const details = ['cannot listen on 0.0.0.0:8080']
    expect(await health({ conditions: () => details })).toEqual({ status: 'degraded', ...rest, details })
    expect(await health({ store: { ...emptyJobStore, totalRuns: fail } })).toMatchObject({ status: 'unhealthy' })
  })
})

describe('who may', () => {
  it('without a token: anyone reads and tells events, and changes come from loopback alone', async () => {
    const { get, send } = await startJobsServer()
    const behindProxy = { ...changeHeaders, 'x-forwarded-for': '10.0.0.9' }
    expect((await send('POST', jobRoutes.jobStarted, startedEvent, behindProxy)).status).toBe(200)
    expect((await get('/v1/jobs')).status).toBe(200)
    expect(await send('POST', '/v1/jobs', newJob, behindProxy)).toMatchObject({
      status: 403,
      body: { error: 'unauthorized', message: expect.stringContaining('--auth-token') },
    })
  })

  it('with a token: anyone reads, and events and changes need it', async () => {
    const { get, send } = await startJobsServer({ authToken: 'secret' })
    const token = { ...changeHeaders, authorization: 'Bearer secret' }
    expect((await send('POST', jobRoutes.jobStarted, startedEvent)).status).toBe(401)
    expect((await send('POST', '/v1/events/batch', { events: [] })).status).toBe(401)
    expect((await send('DELETE', '/v1/jobs/99999')).status).toBe(401)
    expect((await send('POST', jobRoutes.jobStarted, startedEvent, token)).status).toBe(200)
    expect((await get('/v1/jobs/99999')).status).toBe(200)
    expect((await send('DELETE', '/v1/jobs/99999', undefined, token)).status).toBe(204)
  })

  it('no page of another origin', async () => {
    const { send } = await startJobsServer()
    const foreign = { ...changeHeaders, origin: 'http://evil.example' }
    expect((await send('POST', jobRoutes.jobStarted, startedEvent, foreign)).status).toBe(403)
  })
})
