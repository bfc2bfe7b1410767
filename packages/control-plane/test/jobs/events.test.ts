import { describe, expect, it } from 'vitest'
import { finishedEvent, startedEvent, startJobsServer } from './jobs-server.ts'

describe('events of jobs', () => {
  it('make a job that answers raw and with its prefix', async () => {
    const { get, send } = await startJobsServer()
    expect(await send('POST', '/v1/events/job-started', startedEvent)).toMatchObject({
      status: 200,
      body: { status: 'created', job_id: '99999' },
    })
    const { body } = await get('/v1/jobs/slurm-99999')
    expect(body).toMatchObject({ id: '99999', run_id: '99999-r0', user: 'alice', nodes: ['n1'], state: 'running' })
    expect((await get('/v1/jobs/99999')).body).toMatchObject({ id: '99999', state: 'running' })
    expect(await send('POST', '/v1/events/job-finished', finishedEvent)).toMatchObject({
      status: 200,
      body: { status: 'updated' },
    })
    expect((await get('/v1/jobs/99999')).body).toMatchObject({
      state: 'completed',
      end_time: '2026-03-01T12:01:00.000Z',
      runtime_seconds: 60,
    })
  })
})
