import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requestHttp2 } from '../server/http2-client.ts'
import { finishedEvent, startedEvent, startJobsServer } from './jobs-server.ts'

const started = '/v1/events/job-started'
const finished = '/v1/events/job-finished'

describe('events of jobs', () => {
  it('make a job that answers raw and with its prefix', async () => {
    const { get, send } = await startJobsServer()
    expect(await send('POST', started, startedEvent)).toMatchObject({ status: 200, body: { status: 'created' } })
    const { body } = await get('/v1/jobs/slurm-99999')
    expect(body).toMatchObject({
      ...{ id: '99999', run_id: '99999-r0', user: 'alice', nodes: ['n1'], state: 'running', node_count: 1 },
      ...{ allocated_cpus: 4, allocated_memory_mb: 8192, allocated_gpus: 1, nodes_running: ['n1'] },
      scheduler: { type: 'slurm', partition: 'gpu', account: 'physics', raw_state: 'RUNNING' },
    })
    expect((await get('/v1/jobs/99999')).body).toMatchObject({ id: '99999', state: 'running' })
    expect(await send('POST', finished, finishedEvent)).toMatchObject({ status: 200, body: { status: 'updated' } })
    const { body: ended } = await get('/v1/jobs/99999')
    expect(ended).toMatchObject({ state: 'completed', end_time: '2026-03-01T12:01:00.000Z', runtime_seconds: 60 })
  })

  it('are skipped when they come again', async () => {
    const { send } = await startJobsServer()
    await send('POST', started, startedEvent)
    expect((await send('POST', started, startedEvent)).body).toMatchObject({ status: 'skipped', job_id: '99999' })
    await send('POST', finished, finishedEvent)
    expect((await send('POST', finished, finishedEvent)).body).toMatchObject({ status: 'skipped' })
  })

  it('are kept when the end comes before the start', async () => {
    const { get, send } = await startJobsServer()
    expect((await send('POST', finished, { ...finishedEvent, exit_code: 3 })).body).toMatchObject({ status: 'created' })
    await send('POST', started, startedEvent)
    const { body } = await get('/v1/jobs/99999')
    expect(body).toMatchObject({ state: 'failed', scheduler: { exit_code: 3 }, user: 'alice', runtime_seconds: 60 })
  })

  it('end a job of several nodes with its last node, and at once without a node', async () => {
    const { get, send } = await startJobsServer()
    const nodes = { node_list: ['n[1-3]'] }
    const end = (node: string) => send('POST', finished, { ...finishedEvent, node })
    for (const node of ['n1', 'n2', 'n3']) await send('POST', started, { ...startedEvent, ...nodes, node })
    await end('n1')
    await end('n3')
    expect((await get('/v1/jobs/99999')).body).toMatchObject({
      ...{ state: 'running', nodes: ['n1', 'n2', 'n3'], nodes_running: ['n2'] },
    })
    await end('n2')
    expect((await get('/v1/jobs/99999')).body).toMatchObject({ state: 'completed', nodes_running: [] })

    await send('POST', started, { ...startedEvent, ...nodes, job_id: '5', node: 'n1' })
    await send('POST', finished, { ...finishedEvent, job_id: '5' })
    expect((await get('/v1/jobs/5')).body).toMatchObject({ state: 'completed' })
  })

  it.each([
    ['the exit status', { exit_code: 1 }, { state: 'failed', scheduler: { exit_code: 1 } }],
    ['a signal', { exit_code: 0, signal: 9 }, { state: 'failed', signal: 9 }],
    ['a raw wait status', { exit_code: 256 }, { state: 'failed', scheduler: { exit_code: 1 } }],
    ["Slurm's mark for no memory", { signal: 125 }, { state: 'failed', scheduler: { raw_state: 'OUT_OF_MEMORY' } }],
    ['no exit status', {}, { state: 'completed', confirmed: false }],
  ])('tell the state by %s, never by what the sender calls it', async (_, exit, expected) => {
    const { get, send } = await startJobsServer()
    const { exit_code: _code, ...end } = finishedEvent
    await send('POST', started, startedEvent)
    await send('POST', finished, { ...end, final_state: 'cancelled', ...exit })
    expect((await get('/v1/jobs/99999')).body).toMatchObject(expected)
  })

  it('tell apart the runs of a job that was requeued', async () => {
    const { get, send } = await startJobsServer()
    await send('POST', started, { ...startedEvent, restart: 0 })
    await send('POST', started, { ...startedEvent, restart: 1, timestamp: '2026-03-01T13:00:00Z' })
    expect((await get('/v1/jobs/99999')).body).toMatchObject({ run_id: '99999-r1', state: 'running' })
    expect((await get('/v1/jobs/99999-r0')).body).toMatchObject({ run_id: '99999-r0', state: 'cancelled' })
    expect((await get('/v1/jobs/99999/runs')).body).toMatchObject([{ restart: 1 }, { restart: 0 }])
  })

  it('bring what the job used with its end', async () => {
    const { get, send } = await startJobsServer()
    await send('POST', started, startedEvent)
    const final_metrics = { cpu_seconds: 120, memory_max_bytes: 2 ** 30, oom_kills: 0, of_a_newer_hook: 'x' }
    await send('POST', finished, { ...finishedEvent, node: 'n1', final_metrics })
    expect((await get('/v1/jobs/99999')).body).toMatchObject({
      ...{ cpu_seconds: 120, cpu_usage: 50, avg_cpu_usage: 50, memory_usage_mb: 1024, usage_source: 'cgroup-v2' },
    })
  })

  it('of hooks of any version are understood: keys that are not known and empty names are passed over', async () => {
    const { get, send } = await startJobsServer()
    const odd = { ...startedEvent, node_list: [''], gpu_devices: ['', 'GPU-1'], brand_new: { a: 1 } }
    expect((await send('POST', started, odd)).status).toBe(200)
    expect((await get('/v1/jobs/99999')).body).toMatchObject({ nodes: [], node_count: 0 })
  })

  it('leave a row in the audit for each change, with who made it', async () => {
    const { get, send } = await startJobsServer()
    await send('POST', started, startedEvent, { 'x-correlation-id': 'c-1' })
    await send('POST', started, startedEvent)
    await send('POST', finished, finishedEvent, { 'x-changed-by': 'alice', 'x-source': 'syncer' })
    expect((await get('/v1/jobs/99999/audit')).body).toMatchObject([
      { change: 'finished', changed_by: 'alice', source: 'syncer', run_id: '99999-r0', event: { exit: { status: 0 } } },
      { change: 'started', changed_by: 'prolog', source: 'hook', correlation_id: 'c-1', outcome: 'created' },
    ])
  })
})

describe('an event over HTTP/2', () => {
  it('is taken as over HTTP/1.1', async () => {
    const { url, get } = await startJobsServer()
    const headers = { ':method': 'POST', ':path': started, 'content-type': 'application/json' }
    const answer = await requestHttp2(url, headers, JSON.stringify(startedEvent))
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([200, { status: 'created' }])
    expect((await requestHttp2(url, headers, '{}')).status).toBe(400)
    expect((await get('/v1/jobs')).body.total).toBe(1)
  })
})

describe('a batch of events', () => {
  it('has an outcome for each, and stops for none', async () => {
    const { get, send } = await startJobsServer()
    const { status, body } = await send('POST', '/v1/events/batch', {
      events: [
        { event: 'started', ...startedEvent },
        { event: 'started', ...startedEvent, timestamp: 'now' },
        { event: 'vanished' },
        7,
        { event: 'finished', ...finishedEvent },
        { event: 'finished', ...finishedEvent },
      ],
    })
    expect(status).toBe(200)
    expect(body.outcomes).toEqual([
      { status: 'created', job_id: '99999', message: expect.any(String) },
      { error: 'validation_error', message: expect.stringContaining('events[1]: timestamp must be a time') },
      { error: 'validation_error', message: expect.stringContaining('events[2]: event must be one of') },
      { error: 'validation_error', message: 'events[3]: it must be an object, not 7' },
      { status: 'updated', job_id: '99999', message: expect.any(String) },
      { status: 'skipped', job_id: '99999', message: expect.any(String) },
    ])
    expect((await get('/v1/jobs/99999')).body).toMatchObject({ state: 'completed' })
  })

  it('is refused as a whole when it is none', async () => {
    const { send } = await startJobsServer()
    expect(await send('POST', '/v1/events/batch', [])).toMatchObject({ status: 400 })
    const tooMany = { events: Array.from({ length: 1001 }, () => ({})) }
    expect((await send('POST', '/v1/events/batch', tooMany)).body.message).toContain('at most 1000 events')
  })
})

describe('a wrong event', () => {
  it.each([
    ['no JSON', '{"job_id":', 400, 'invalid_request', 'body: this is not JSON'],
    ['no object', '[]', 400, 'validation_error', 'body: it must be an object, not []'],
    ['an id that is a number', { job_id: 7 }, 400, 'validation_error', 'job_id must be one line of text'],
    ['no user', { user: undefined }, 400, 'validation_error', 'user is missing: it must be text'],
    ['a part of a job as its id', { job_id: '812_3' }, 400, 'validation_error', 'job_id "812_3" names a part of a job'],
    ['a broken hostlist', { node_list: ['n[1-'] }, 400, 'validation_error', 'node_list[0] must be a host name'],
    ['a name for a shell', { node_list: ['$(id)'] }, 400, 'validation_error', 'not "$(id)"'],
    ['too many nodes', { node_list: ['n[1-999999]'] }, 400, 'validation_error', 'a hostlist of 999999 names'],
    ['a negative size', { cpu_allocation: -1 }, 400, 'validation_error', 'cpu_allocation must be a whole number'],
    ['a vendor of another', { gpu_vendor: 'intel' }, 400, 'validation_error', 'not "intel"'],
    [
      'wrong final metrics',
      { final_metrics: { cpu_seconds: -1 } },
      400,
      'validation_error',
      'final_metrics.cpu_seconds',
    ],
    ['too much', { name: 'x'.repeat(3 * 2 ** 20) }, 413, 'invalid_request', 'the body is larger than'],
  ])('with %s is told exactly, and changes nothing', async (_, change, status, error, message) => {
    const { get, send } = await startJobsServer()
    const isFinish = typeof change === 'object' && 'final_metrics' in change
    const event = isFinish ? finishedEvent : startedEvent
    const body = typeof change === 'string' ? change : { ...event, ...change }
    const answer = await send('POST', isFinish ? finished : started, body)
    expect(answer).toEqual({ status, body: { error, message: expect.stringContaining(message) } })
    expect((await get('/v1/jobs')).body.total).toBe(0)
  })

  it('is refused without its media type, and with a query', async () => {
    const { url, send } = await startJobsServer()
    const plain = await fetch(`${url}${started}`, { method: 'POST', body: JSON.stringify(startedEvent) })
    expect(plain.status).toBe(415)
    expect(await send('POST', `${started}?force=1`, startedEvent)).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('unknown key "force=1"') },
    })
  })

  it('never fails inside, whatever is changed in it', async () => {
    const { send, store } = await startJobsServer()
    const values = fc.oneof(
      fc.anything(),
      fc.string(),
      fc.double(),
      fc.constantFrom('n[', '', null, -1, Number.MAX_VALUE),
    )
    const keys = fc.constantFrom(
      ...Object.keys({ ...startedEvent, ...finishedEvent }),
      'gpus',
      'restart',
      'node',
      'sluid',
    )
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.dictionary(keys, values, { maxKeys: 3 }), async (isStart, change) => {
        const before = await store.totalRuns()
        const body = JSON.stringify({ ...(isStart ? startedEvent : finishedEvent), ...change }, (_, value) =>
          typeof value === 'bigint' ? String(value) : value,
        )
        const answer = await send('POST', isStart ? started : finished, body)
        expect([200, 400]).toContain(answer.status)
        if (answer.status === 200) return
        expect(answer.body).toEqual({ error: 'validation_error', message: expect.stringMatching(/^body: \S/) })
        expect(await store.totalRuns()).toBe(before)
      }),
      { numRuns: 200 },
    )
  })
})
